"""The constants by which one unit becomes another, each with its source.

Inside the model lengths are kilometres, durations seconds, and speeds kilometres a second; scenario files and
output speak in the units of their sources, and say which in the last part of each name.
"""

KM_PER_NMI = 1.852  # exact: First International Extraordinary Hydrographic Conference, Monaco 1929
M_PER_FT = 0.3048  # exact: international foot of 1959
S_PER_H = 3600  # exact: SI brochure, table of non-SI units accepted for use with the SI
KT_TO_KM_PER_S = KM_PER_NMI / S_PER_H  # exact: a knot is a nautical mile an hour
