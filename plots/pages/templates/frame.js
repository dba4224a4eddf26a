"use strict";
const intercept = { data: JSON.parse(document.getElementById("data").textContent) };
