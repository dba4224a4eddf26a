"""The naive model: every agent looks around at every step and does what is due.

A peer that the engines are timed against, written as one would write it first.  It reads the same scenario, takes the
same uniform numbers, and comes to the same outcomes, replication by replication.  Whatever happens is found by
looking each second: a flight looks whether it has crossed a boundary, a radar whether its scan has come, a stage
whether all that it waits for has arrived and its time is over, a pair whether it has met the intruder, a measure
whether its conditions hold.  Only pilots and planners look ahead along a route, for the meeting point and the fuel.

Agents of one step act in this order: flights, crews, radar pictures, pairs, stages, ladders, hazards, face-offs,
dispatchers; within each kind as in the scenario.  `ticking_simpy`, `ticking_mesa` and
`ticking_salabim` drive them.

Two things keep it from being slower than it must be: places and insides of zones are read from the track, since to ask
a polygon about one point takes 0.3 ms; and a distance is plain arithmetic on three numbers.  Left out is what no
outcome of July 2019 needs: events that only the log tells, causes, `after_any` and `unless`, two things in one step of
which the log keeps one, and fighters that are slower than the intruder.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from sim.clock import NEVER
from sim.command import Stage as StageSection
from sim.command import event_of, lasting_events, links_by_ends
from sim.crew import Crew as CrewSection
from sim.departures import Departures
from sim.draws import Distribution, Exponential, Uniforms, quantile_index
from sim.escalation import Hazard as HazardSection
from sim.fighters import PairSection
from sim.flight import Vectors, meeting_step
from sim.log import Log, Record
from sim.run import Prepared, Replication
from sim.scenario import act_kinds, flight_sides
from sim.sensing import HORIZON_KM_PER_SQRT_M, Radar, confirmation_law
from sim.sides import watched
from sim.units import KT_TO_KM_PER_S, M_PER_FT
from sim.warning import BURST_S, DISTANCE_KM, Measure
from sim.warning import Ladder as LadderSection

Key = tuple[str, int]
"""A flight, and the number of its stay (0 for what happens once)."""


class Agent(Protocol):
    """What looks around once a step."""

    def tick(self, now: int) -> None:
        """Do what is due at a step."""


class Model:
    """One replication: what has happened so far, and the agents in the order in which they act."""

    def __init__(self, prepared: Prepared, uniforms: Uniforms, number: int) -> None:
        scenario = prepared.scenario
        if any(stage.after_any or stage.unless for stage in scenario.command.stages.values()):
            raise ValueError("the naive model knows no `after_any` and no `unless`")
        self.prepared, self.scenario, self.clock = prepared, scenario, prepared.clock
        self.uniforms, self.number, self.now = uniforms, number, 0
        self.log: list[Record] = []
        self.desks: list[Desk] = []
        self.sent: dict[tuple[str, str, str], tuple[int, int]] = {}
        self.answered: dict[tuple[str, str, int], int] = {}
        self.lasting = lasting_events(scenario.command.stages)
        self.linked = links_by_ends(scenario.command.links)
        own, sides, posts = flight_sides(scenario), scenario.sides, scenario.command.posts
        self.flights = {name: Flight(self, name) for name in own}
        seeing = dict.fromkeys(radar.post for radar in scenario.sensing.radars.values())
        armed = dict.fromkeys(pair.side for pair in scenario.fighters.pairs.values())
        self.forces = {side: Force(self, side) for side in armed}
        self.agents: list[Agent] = [
            *self.flights.values(),
            *(Crew(self, self.flights[name], crew) for name, crew in scenario.crew.items()),
            *(
                Picture(self, post, self.flights[f])
                for post in seeing
                for f in watched(sides, posts[post].side, own)
            ),
            *(pair for force in self.forces.values() for pair in force.pairs),
            *(Stage(self, name, stage) for name, stage in scenario.command.stages.items()),
            *(Ladder(self, side, ladder) for side, ladder in scenario.warning.items()),
            *(Hazard(self, name, hazard) for name, hazard in scenario.escalation.hazards.items()),
            *(FaceOff(self, flight, side) for flight, side in own.items() if side in armed),
            *self.forces.values(),
        ]

    def tick(self, now: int, agent: Agent) -> None:
        """Let one agent look around at a step."""
        self.now = now
        agent.tick(now)

    def draw(self, entity: str, decision: str, occurrence: int) -> float:
        """Return the uniform number of a decision."""
        return self.uniforms.value(self.number, entity, decision, occurrence)

    def steps(self, law: Distribution, entity: str, decision: str, occurrence: int, least: int = 1) -> int:
        """Return a drawn duration in steps; beyond the window it is NEVER."""
        beyond = self.clock.last + 1
        index = quantile_index(law, self.draw(entity, decision, occurrence), self.clock.step_s, beyond)
        return NEVER if index >= beyond else max(least, index)

    def planned(self, law: Distribution, least: int = 1) -> int:
        """Return the median of a duration in steps."""
        return max(least, quantile_index(law, 0.5, self.clock.step_s, self.clock.last + 1))

    def emit(self, kind: str, who: str, about: str, posts: Sequence[str] = (), **data: Any) -> None:
        """Enter an event in the log, and announce it at posts."""
        self.log.append(Record(len(self.log), self.now, kind, who, about, None, data))
        for post in posts:
            self.announce(post, kind, about)

    def announce(self, post: str, signal: str, about: str) -> None:
        """Make a signal known at a post, and over its links at their delays."""
        number, latest = self.sent.get((post, signal, about), (0, -1))
        number += latest != self.now  # what is said twice in one step is one message
        self.sent[post, signal, about] = number, self.now
        links = self.scenario.command.links
        for desk in self.desks:
            if signal not in desk.signals:
                continue
            if desk.post == post:
                desk.hear(about, signal, self.now)
            elif (link := self.linked.get((post, desk.post))) is not None:
                delay = self.steps(links[link].delay_s, link, f"{signal} {about}", number, least=0)
                desk.hear(about, signal, self.now + delay)

    def replication(self) -> Replication:
        """Return what came of it, in the form in which the process engine does."""
        tracks = {name: flight.track for name, flight in self.flights.items()}
        forces: Any = self.forces  # of which outcomes ask no more than whose there are
        log = Log(self.log, self.clock)
        return Replication(self.prepared, self.uniforms.seed, self.number, log, tracks, forces)


class Flight:
    """An intruder: where it is, and what it is in."""

    def __init__(self, model: Model, name: str) -> None:
        self.model, self.name, self.track = model, name, model.prepared.tracks[name]
        self.within = dict.fromkeys(self.track.regions, False)
        self.stays = dict.fromkeys(self.track.regions, 0)
        self.windows = dict.fromkeys(self.track.regions, 1)  # 1 + stays that had ended before this step
        self.crossings: list[tuple[str, str]] = []
        self.turned = NEVER

    def tick(self, now: int) -> None:
        """Look which zones it is in now."""
        for way, zone in self.crossings:
            self.windows[zone] += way == "leaves"
        changed = [zone for zone, was in self.within.items() if self.track.is_inside(zone, now) != was]
        self.crossings = [("leaves" if self.within[zone] else "enters", zone) for zone in changed]
        for way, zone in self.crossings:
            self.within[zone] = way == "enters"
            self.stays[zone] += way == "enters"
            self.model.emit(way, self.name, self.name, zone=zone, stay=self.stays[zone])

    def exists(self, step: int) -> bool:
        """Return whether it is in the air at a step."""
        return self.track.first <= step <= self.track.last

    def place(self, step: int) -> Vectors:
        """Return where it is, or will be, at a step."""
        here: Vectors = self.track.units[min(step, self.track.last)]
        return here

    def distance_km(self, place: list[float], step: int) -> float:
        """Return how far it is from a place at a step."""
        chord = math.dist(self.track.units[step].tolist(), place)
        return 2 * self.track.sphere.radius_km * math.asin(min(chord / 2, 1.0))

    def turn(self, now: int, zones: list[str], after: str) -> None:
        """Leave the script: the shortest way out of each zone that it is in, then straight on."""
        self.track = Departures.of(self.track, np.array([now]), zones).track(0)
        self.turned = now
        self.model.emit("turns", self.name, self.name, after=after)


class Crew:
    """The crew of a flight: it looks at what is new, and does what it has decided when the time has come."""

    def __init__(self, model: Model, flight: Flight, spec: CrewSection) -> None:
        self.model, self.flight, self.spec = model, flight, spec
        self.acts, self.seen = frozenset(act_kinds(model.scenario)), 0
        self.due: list[tuple[int, Callable[[Record], None], Record]] = []

    def tick(self, now: int) -> None:
        """Look at new acts, and do what is due."""
        for act in self.model.log[self.seen :]:
            if act.kind in self.acts and act.about == self.flight.name:
                self._decide(
                    "notices", self.spec.notices_share.get(act.kind, 0.0), "notice", self._notice, act
                )
        self.seen = len(self.model.log)
        for item in [item for item in self.due if item[0] == now]:
            self.due.remove(item)
            item[1](item[2])

    def _decide(
        self, decision: str, share: float, delay: str, do: Callable[[Record], None], act: Record
    ) -> None:
        """Do something about an act after a delay, if chance says so."""
        name, number = self.flight.name, act.data["number"]
        chance = f"{act.kind} {act.data['side']} {act.data['stay']}"
        if self.model.draw(name, f"{decision} {chance}", number) < share:
            law = getattr(self.spec, f"{delay}_s")
            since = act.step if decision == "notices" else self.model.now
            self.due.append((since + self.model.steps(law, name, f"{delay} {chance}", number), do, act))

    def _notice(self, act: Record) -> None:
        spec = self.spec
        if self.flight.exists(self.model.now):
            self._say("notices", [spec.post], act=act.kind)
            self._decide("answers", spec.answers_share * (act.kind == "call"), "answer", self._answer, act)
            self._decide("reports", spec.reports_share.get(act.kind, 0.0), "report", self._report, act)
            self._decide("turns", spec.turns_share.get(act.kind, 0.0), "reaction", self._turn, act)

    def _answer(self, act: Record) -> None:
        side, stay, control = act.data["side"], act.data["stay"], self._warner(act).control
        self.model.answered.setdefault((self.flight.name, side, stay), self.model.now)
        self._say("answers", [control] if control else [], side=side, stay=stay)

    def _report(self, act: Record) -> None:
        self._say("reports", [self.spec.post], act=act.kind)

    def _turn(self, act: Record) -> None:
        if self.flight.turned == NEVER and self.flight.exists(self.model.now):
            zones = (self._warner(act).airspace, self._warner(act).identification_zone)
            self.flight.turn(self.model.now, [zone for zone in zones if zone is not None], act.kind)

    def _warner(self, act: Record) -> Any:
        return self.model.scenario.sides[act.data["side"]]

    def _say(self, kind: str, posts: list[str], **data: Any) -> None:
        self.model.emit(kind, self.flight.name, self.flight.name, posts, **data)


class Picture:
    """What the radars of one post know of one flight."""

    def __init__(self, model: Model, post: str, flight: Flight) -> None:
        self.model, self.post, self.flight, self.tracks = model, post, flight, False
        radars = model.scenario.sensing.radars.items()
        self.scans = [Scan(model, name, radar, flight) for name, radar in radars if radar.post == post]

    def tick(self, now: int) -> None:
        """Tell of crossings while there is a track, and see whether there is one."""
        if self.tracks:
            for way, zone in self.flight.crossings:
                self.model.announce(self.post, f"{way}:{zone}", self.flight.name)
        confirmed = [scan.confirms(now) for scan in self.scans]
        if self.tracks and not any(scan.looks for scan in self.scans):
            self.tracks = False
            self.model.emit("track-lost", self.post, self.flight.name, [self.post])
        elif not self.tracks and any(confirmed):
            self.tracks = True
            self.model.emit("track", self.post, self.flight.name, [self.post])
            for zone in [zone for zone, inside in self.flight.within.items() if inside]:
                self.model.announce(self.post, f"enters:{zone}", self.flight.name)


class Scan:
    """One radar's looks at one flight."""

    def __init__(self, model: Model, name: str, radar: Radar, flight: Flight) -> None:
        self.model, self.name, self.radar, self.flight = model, name, radar, flight
        self.site = model.prepared.sphere.unit(radar.lat_deg, radar.lon_deg).tolist()
        self.period = max(1, model.clock.steps(radar.scan_period_s))
        self.phase = int(model.draw(name, "scan-phase", 1) * self.period)
        most = model.clock.last // self.period + 2
        self.law = confirmation_law(radar.hit_share, radar.confirm_hits, radar.confirm_scans, most)
        self.spans = 0  # times at which the radar has begun to cover the flight
        self.looks = 0  # 1 + looks since then; 0 while it does not cover it
        self.needed = 0

    def confirms(self, now: int) -> bool:
        """Look if it is time, and return whether this look confirms a track."""
        if not self._covers(now):
            self.looks = 0
            return False
        if self.looks == 0:
            self.spans += 1
            u = self.model.draw(self.name, f"confirm {self.flight.name}", self.spans)
            self.looks, self.needed = 1, bisect_right(self.law, u) + 2
        due = now % self.period == self.phase
        self.looks += due
        return due and self.looks == self.needed

    def _covers(self, now: int) -> bool:
        if not self.flight.exists(now):
            return False
        height_m = self.flight.track.altitude_ft[now] * M_PER_FT
        horizon_km = HORIZON_KM_PER_SQRT_M * (math.sqrt(self.radar.height_m) + math.sqrt(height_m))
        return self.flight.distance_km(self.site, now) <= min(self.radar.range_km, horizon_km)


class Desk:
    """What is known at a post for one purpose: when each signal arrives, by flight and stay."""

    def __init__(self, model: Model, post: str, signals: Sequence[str], per: str | None) -> None:
        self.model, self.post, self.signals, self.per = model, post, frozenset(signals), per
        self.inboxes: dict[Key, dict[str, int]] = {}
        self.lasting: dict[str, dict[str, int]] = {}
        model.desks.append(self)

    def hear(self, flight: str, signal: str, arrives: int) -> None:
        """Note a signal; of the same one the earliest counts."""
        if self.per is not None and signal in self.model.lasting:
            inbox = self.lasting.setdefault(flight, {})
        else:
            window = 0 if self.per is None else self.model.flights[flight].windows[self.per]
            inbox = self.inboxes.setdefault((flight, window), {})
        inbox[signal] = min(arrives, inbox.get(signal, NEVER))

    def arrival(self, key: Key, signal: str) -> int:
        """Return when a signal arrives that has been sent; NEVER if it has not."""
        sent = self.inboxes[key].get(signal)
        return self.lasting.get(key[0], {}).get(signal, NEVER) if sent is None else sent


class Stage(Desk):
    """One decision, about each flight and stay that it deals with."""

    def __init__(self, model: Model, name: str, spec: StageSection) -> None:
        super().__init__(model, spec.post, spec.after_all, spec.per)
        self.name, self.spec = name, spec
        self.ends: dict[Key, int] = {}

    def tick(self, now: int) -> None:
        """Begin when all is known, and end when the time is over."""
        for key in list(self.inboxes):
            if key not in self.ends:
                self._begin(key, now)
            if self.ends.get(key) == now:
                self._decide(*key)

    def _begin(self, key: Key, now: int) -> None:
        flight, stay = key
        begun = max(self.arrival(key, signal) for signal in self.spec.after_all)
        if begun <= now:  # in the step before, if it became known after this stage's turn
            delay = self.model.steps(self.spec.delay_s, self.name, f"delay {flight}", stay or 1)
            self.ends[key] = begun + delay

    def hear(self, flight: str, signal: str, arrives: int) -> None:
        """Note a signal about a flight that the stage deals with."""
        if self.spec.about is None or flight in self.spec.about:
            super().hear(flight, signal, arrives)

    def _decide(self, flight: str, stay: int) -> None:
        spec, model = self.spec, self.model
        if model.draw(self.name, f"yes {flight}", stay or 1) >= spec.yes_share:
            return
        data = {} if spec.per is None else {"stay": stay}
        model.emit(event_of(self.name, spec), spec.post, flight, [spec.post], **data)
        if spec.orders is not None:
            force = model.forces[model.scenario.command.posts[spec.post].side]
            if spec.orders == "scramble":
                force.wanted[flight] = max(spec.pairs, force.wanted.get(flight, 0))
            force.orders.append(Order(flight, spec.pairs, spec.types, False, spec.orders == "ready"))


class Order(NamedTuple):
    """What a pair or a dispatcher is told."""

    about: str
    pairs: int
    types: tuple[str, ...] | None
    relief: bool
    ready: bool


class Pair:
    """A pair of fighters, from its order until it turns for home."""

    def __init__(self, model: Model, force: Force, name: str, spec: PairSection) -> None:
        fighters, places = model.scenario.fighters, model.prepared.places
        self.model, self.force, self.name, self.spec = model, force, name, spec
        self.type, self.alert = fighters.types[spec.type], fighters.alerts[spec.alert]
        self.base = self.place = self.goal = places[spec.base]
        self.km_per_step = self.type.ground_speed_kt * KT_TO_KM_PER_S * model.clock.step_s
        # ground or transit, then waiting, outbound, beside, holding, and homeward for good
        self.status, self.about = "ground", ""
        self.order: Order | None = None
        self.seated = self.takes_off = self.leaves = self.fuel = NEVER
        self.meets = self.joining = self.joined = self.identifies = NEVER
        self.relieved = self.was_in = False
        self.joins = 0
        if spec.station is not None and spec.on_station_at is not None:
            self.status, self.place = "transit", places[spec.station]
            self.takes_off = model.clock.step_at(spec.on_station_at) - self._home_steps(self.place)
            self.fuel = self.takes_off + model.clock.steps(self.type.endurance_s)

    def tick(self, now: int) -> None:
        """Go on with what it does."""
        if self.status == "waiting":
            self._wait(now)
        elif self.status == "outbound":
            self._close(now)
        elif self.status == "beside":
            self._shadow(now)
        elif self.status == "holding":
            self._hold(now)
        elif self.status == "transit":
            self._go_to_station(now)

    def scramble(self, order: Order, now: int) -> None:
        """Take an order on the ground."""
        self.status, self.about, self.order = "waiting", order.about, order
        self.takes_off = now + self.to_airborne(now, self._steps)
        self._watch_anew(now)

    def to_airborne(self, now: int, steps: Callable[[Distribution, str], int]) -> int:
        """Return the steps from an order to take-off, planned or drawn as `steps` says."""
        if self.seated == NEVER:
            return steps(self.alert.airborne_s, "airborne")
        return max(0, self.seated - now) + steps(self.alert.airborne_from_cockpit_s, "airborne-from-cockpit")

    def set_course(self, now: int) -> None:
        """Begin to fly to the intruder that the order names."""
        assert self.order is not None
        self.status, self.about, self.order, self.relieved = "outbound", self.order.about, None, False
        self.joins += 1
        self.joining = self._steps(self.type.join_s, "join", self.joins)
        self._watch_anew(now)
        self._head_for(now)

    def place_at(self, step: int) -> Vectors:
        """Return where a pair on its way to an intruder, or beside it, is at a step."""
        flight = self.model.flights[self.about]
        if self.status == "beside" or step >= self.meets:
            return flight.place(step)
        share = (step - self.leaves) / (self.meets - self.leaves)
        return self.model.prepared.sphere.interpolate(self.place, self.goal, share)

    def is_late(self, step: int) -> bool:
        """Return whether fuel no longer lasts for the way home from the flight at a step."""
        flight = self.model.flights[self.about]
        return step <= flight.track.last and step + self.home_steps(flight, step) >= self.fuel

    def is_gone(self, step: int) -> bool:
        """Return whether the intruder is out of the side's zone again, or no longer in the air."""
        flight, zone = self.model.flights[self.about], self.force.side.shadow_zone
        left = zone is not None and self.was_in and not flight.track.is_inside(zone, step)
        return left or step > flight.track.last

    def home_steps(self, flight: Flight, step: int) -> int:
        """Return the steps of the way home from a flight."""
        return math.ceil(flight.distance_km(self.base.tolist(), step) / self.km_per_step)

    def _home_steps(self, place: Vectors) -> int:
        return math.ceil(float(self.model.prepared.sphere.distance_km(place, self.base)) / self.km_per_step)

    def _watch_anew(self, now: int) -> None:
        self.was_in = False
        self._sees_gone(now)

    def _sees_gone(self, now: int) -> bool:
        gone, zone = self.is_gone(now), self.force.side.shadow_zone
        self.was_in |= zone is not None and self.model.flights[self.about].within[zone]
        return gone

    def _wait(self, now: int) -> None:
        if self._sees_gone(now):
            self.status, self.about, self.order = "ground", "", None
        elif now == self.takes_off:
            self._say("airborne", self.force.posts)
            self.fuel = now + self.model.clock.steps(self.type.endurance_s)
            self.place, self.leaves = self.base, now + self._steps(self.type.climb_s, "climb", least=0)
            self.set_course(now)

    def _go_to_station(self, now: int) -> None:
        if now == self.takes_off:
            self._say("airborne")
        if now == self.takes_off + self._home_steps(self.place):
            self._say("on-station")
            self.status = "holding"

    def _head_for(self, now: int) -> None:
        flight, last = self.model.flights[self.about], self.model.clock.last
        self.meets = NEVER
        if self.leaves <= last:
            self.meets = meeting_step(flight.track, self.place, self.km_per_step, self.leaves)
        self.goal = flight.place(self.meets)
        if self.meets == NEVER or self.is_late(self.meets) or self._sees_gone(now):
            self.status = "homeward"

    def _close(self, now: int) -> None:
        turned = self.model.flights[self.about].turned == now
        if self.order is not None or turned:
            if self.leaves < now:
                self.place, self.leaves = self.place_at(now), now
            self._head_for(now) if self.order is None else self.set_course(now)
        elif self._sees_gone(now) or (now > self.meets and self.is_late(now)):
            self.status = "homeward"
        elif now >= self.meets + self.joining:
            self.status, self.joined = "beside", now
            self.identifies = now + self._steps(self.type.identify_s, "identify", self.joins)
            self._say("joined", self.force.posts)
            self._watch_anew(now)
            self._shadow(now)

    def _shadow(self, now: int) -> None:
        late, gone = self.is_late(now), self._sees_gone(now)
        if self.order is not None or late or gone:
            self.place, self.leaves = self.place_at(now), now
            self.status = "homeward" if late else "holding"
            if self.order is not None:
                self.set_course(now)
            return
        if now == self.identifies:
            self._say("identified", self.force.posts)
        if not self.relieved and self.is_late(now + self.force.lead):
            self.relieved = True
            wanted = self.force.wanted[self.about]
            self.force.orders.append(Order(self.about, wanted, None, relief=True, ready=False))

    def _hold(self, now: int) -> None:
        if now >= self.fuel - self._home_steps(self.place):
            self.status = "homeward"

    def _steps(self, law: Distribution, decision: str, occurrence: int = 1, least: int = 1) -> int:
        return self.model.steps(law, self.name, decision, occurrence, least=least)

    def _say(self, kind: str, posts: Sequence[str] = ()) -> None:
        data = {"side": self.force.name, "type": self.spec.type, "aircraft": self.spec.aircraft}
        self.model.emit(kind, self.name, self.about, posts, **data)


class Force:
    """The dispatcher of a side: it gives each order to the pairs that can be there first."""

    def __init__(self, model: Model, name: str) -> None:
        scenario = model.scenario
        self.model, self.name, self.side = model, name, scenario.sides[name]
        policy, pairs = scenario.fighters.policies[name], scenario.fighters.pairs
        self.lead, self.spare = model.clock.steps(policy.relief_lead_s), model.clock.steps(policy.spare_s)
        self.posts = [] if self.side.control is None else [self.side.control]
        self.pairs = [Pair(model, self, key, spec) for key, spec in pairs.items() if spec.side == name]
        self.orders: list[Order] = []
        self.wanted: dict[str, int] = {}

    def tick(self, now: int) -> None:
        """Assign the orders of this step."""
        orders, self.orders = self.orders, []
        for order in sorted(orders, key=lambda o: (o.ready, o.about, o.relief, -o.pairs, o.types or ())):
            self._assign(order, now)

    def beside(self, flight: str) -> list[Pair]:
        """Return the pairs beside a flight, the one that has been there for longest first."""
        found = [pair for pair in self.pairs if pair.status == "beside" and pair.about == flight]
        return sorted(found, key=lambda pair: pair.joined)

    def _committed(self, flight: str) -> list[Pair]:
        sent = [pair for pair in self.pairs if pair.status in ("waiting", "outbound", "beside")]
        return [pair for pair in sent if pair.about == flight and not pair.relieved]

    def _assign(self, order: Order, now: int) -> None:
        for _ in range(order.pairs - (0 if order.ready else len(self._committed(order.about)))):
            joinings = [self._planned_joining(pair, order, now) for pair in self.pairs]
            if min(joinings) == NEVER:
                return
            pair = self.pairs[joinings.index(min(joinings))]
            if order.ready:
                pair.seated = now + self.model.steps(pair.alert.seat_s, pair.name, "seat", 1)
            elif pair.status == "ground":
                pair.scramble(order, now)
            else:
                pair.order = order
                if pair.status == "holding":
                    pair.leaves = now + 1
                    pair.set_course(now)

    def _planned_joining(self, pair: Pair, order: Order, now: int) -> int:
        """Return the step at which a pair is planned to join, or NEVER if it cannot or may not be sent."""
        model, flight = self.model, self.model.flights[order.about]
        if pair.order is not None or (order.types is not None and pair.spec.type not in order.types):
            return NEVER
        if order.ready and (pair.status != "ground" or pair.seated != NEVER):
            return NEVER
        place, leaves, fuel = pair.place, now + 1, pair.fuel
        if pair.status == "ground":
            airborne = now + pair.to_airborne(now, lambda law, _: model.planned(law))
            fuel = airborne + model.clock.steps(pair.type.endurance_s)
            place, leaves = pair.base, airborne + model.planned(pair.type.climb_s, least=0)
        elif pair.status in ("outbound", "beside") and self._may_be_taken(pair, order.about, now):
            place = pair.place_at(now + 1)
        elif pair.status != "holding":
            return NEVER
        if leaves > model.clock.last:
            return NEVER
        reached = meeting_step(flight.track, place, pair.km_per_step, leaves)
        joins = reached + model.planned(pair.type.join_s)
        if joins > flight.track.last:
            return NEVER
        return joins if joins + pair.home_steps(flight, joins) + self.spare <= fuel else NEVER

    def _may_be_taken(self, pair: Pair, flight: str, now: int) -> bool:
        """Return whether an intruder can spare a pair: it goes on, and leaves another pair there that stays."""
        soon = now + 1
        if pair.about == flight or not self.model.flights[pair.about].exists(soon):
            return False
        if pair.leaves >= now or not self._stays(pair, soon):
            return False
        others = [other for other in self._committed(pair.about) if other is not pair and other.order is None]
        return any(self._stays(other, soon) for other in others)

    def _stays(self, pair: Pair, soon: int) -> bool:
        return pair.status != "beside" or not (pair.is_late(soon) or pair.is_gone(soon))


class Ladder(Desk):
    """The calls and measures of one side, in each stay of each flight."""

    def __init__(self, model: Model, side: str, spec: LadderSection) -> None:
        self.side, self.spec, self.control = side, spec, str(model.scenario.sides[side].control)
        signals = [f"enters:{spec.per}", *(rule.authority for rule in spec.measures.values())]
        if spec.calls is not None:
            signals += [*spec.calls.after, f"enters:{spec.calls.zone}"]
        super().__init__(model, self.control, signals, spec.per)
        self.encounters: dict[Key, Encounter] = {}

    def tick(self, now: int) -> None:
        """Go on with every encounter that is not over."""
        for key in self.inboxes:
            if key not in self.encounters:
                self.encounters[key] = Encounter(self, key)
            if not self.encounters[key].is_over(now):
                self.encounters[key].tick(now)


@dataclass
class Attempts:
    """Where the attempts at one measure stand: the number of the next, from when on, and when it is due."""

    measure: int
    earliest: int
    number: int = 1
    due: int = NEVER


class Encounter:
    """One stay of one flight as the side that warns it sees it."""

    def __init__(self, ladder: Ladder, key: Key) -> None:
        self.model, self.ladder, self.key, self.stay = ladder.model, ladder, key, key[1]
        self.flight, self.force = self.model.flights[key[0]], self.model.forces.get(ladder.side)
        self.chance = f"{key[0]} {key[1]}"
        self.called, self.call_due = 0, NEVER
        self.rules = list(ladder.spec.measures.items())
        self.attempts = [Attempts(0, 0)] if self.rules and self.force is not None else []

    def is_over(self, now: int) -> bool:
        """Return whether the stay has ended, or the flight had turned away before this step."""
        return self.flight.turned < now or self.flight.windows[self.ladder.spec.per] != self.stay

    def tick(self, now: int) -> None:
        """Call if a call is due; then see to each measure that has begun, also to one that begins now."""
        self._call(now)
        for attempts in self.attempts:
            name, rule = self.rules[attempts.measure]
            if attempts.number > rule.most:
                continue
            if attempts.due == NEVER and attempts.earliest <= now and self._is_ready(rule, now):
                attempts.due = now + self._steps(rule.delay_s, f"{name}-delay", attempts.number)
            if attempts.due == now:
                self._act(attempts, name, rule, now)

    def _call(self, now: int) -> None:
        calls = self.ladder.spec.calls
        if calls is None or self.called >= calls.most or not self.flight.within[calls.zone]:
            return
        if self.call_due == NEVER:
            if all(self.ladder.arrival(self.key, signal) <= now for signal in calls.after):
                self.call_due = now + self._steps(calls.first_s, "first-call", 1)
        elif now >= self.call_due and not self._is_answered(now):
            self.called += 1
            self._say("call", self.ladder.control, [self.ladder.control], number=self.called)
            self.call_due = now + self._steps(calls.interval_s, "call-interval", self.called)

    def _is_answered(self, now: int) -> bool:
        return self.model.answered.get((self.flight.name, self.ladder.side, self.stay), NEVER) < now

    def _is_ready(self, rule: Measure, now: int) -> bool:
        if rule.authority != "standing" and self.ladder.arrival(self.key, rule.authority) > now:
            return False
        if rule.after_calls > 0 and (self.called < rule.after_calls or self._is_answered(now)):
            return False
        return self.flight.within[rule.zone] and bool(self._beside())

    def _beside(self) -> list[Pair]:
        return [] if self.force is None else self.force.beside(self.flight.name)

    def _act(self, attempts: Attempts, name: str, rule: Measure, now: int) -> None:
        number, beside = attempts.number, self._beside()
        if beside and self.flight.within[rule.zone]:
            data = {"number": number, "type": beside[0].spec.type, **self._particulars(name, rule, number)}
            self._say(name, beside[0].name, beside[0].force.posts, **data)
            following = attempts.measure + 1
            if following == len(self.attempts) < len(self.rules):
                after, spacing_s = self.rules[following][0], self.rules[following][1].spacing_s
                spacing = 0 if spacing_s is None else self._steps(spacing_s, f"{after}-spacing", 1)
                self.attempts.append(Attempts(following, now + spacing))
        attempts.number, attempts.due = number + 1, NEVER
        if rule.interval_s is not None:
            attempts.earliest = now + self._steps(rule.interval_s, f"{name}-interval", number)

    def _particulars(self, name: str, rule: Measure, number: int) -> dict[str, Any]:
        def amount(law: Distribution, what: str, resolution: float) -> float:
            chance = f"{name}-{what} {self.chance}"
            u = self.model.draw(self.ladder.side, chance, number)
            return quantile_index(law, u, resolution, 1_000_000) * resolution

        found: dict[str, Any] = {}
        if rule.flares is not None:
            found["flares"] = int(amount(rule.flares, "flares", 1))
        if rule.burst_s is not None and rule.rounds_per_minute is not None:
            found["rounds"] = round(amount(rule.burst_s, "burst", BURST_S) * rule.rounds_per_minute / 60)
        if rule.distance_km is not None:
            found["distance_km"] = round(amount(rule.distance_km, "distance", DISTANCE_KM), 2)
        return found

    def _steps(self, law: Distribution, decision: str, occurrence: int) -> int:
        return self.model.steps(law, self.ladder.side, f"{decision} {self.chance}", occurrence)

    def _say(self, kind: str, who: str, posts: list[str], **data: Any) -> None:
        self.model.emit(kind, who, self.flight.name, posts, side=self.ladder.side, stay=self.stay, **data)


class Hazard:
    """A hazard of an event, or of the minutes beside an intruder."""

    def __init__(self, model: Model, name: str, spec: HazardSection) -> None:
        self.model, self.name, self.spec = model, name, spec
        self.kind, _, self.zone = (spec.on or "joined").partition(":")
        self.pairs = {pair.name: pair for force in model.forces.values() for pair in force.pairs}
        self.seen, self.counts = 0, dict.fromkeys(model.flights, 0)
        self.due: list[tuple[int, int, Record]] = []

    def tick(self, now: int) -> None:
        """Look at what is new, and strike when it is due."""
        if self.spec.during == "face-off":
            return  # see FaceOff
        for record in self.model.log[self.seen :]:
            if record.kind == self.kind and self.zone in ("", record.data.get("zone")):
                self._consider(record)
        self.seen = len(self.model.log)
        for due, joins, record in self.due:
            if due == now and (joins == 0 or self._is_still_there(record.who, joins)):
                self.model.emit(self.spec.leads_to, record.who, record.about, hazard=self.name)

    def _consider(self, record: Record) -> None:
        entity = f"hazard {self.name}"
        if self.spec.delay_s is None:
            joins = self.pairs[record.who].joins
            self.due.append((record.step + minutes(self.model, self.name, record.who, joins), joins, record))
            return
        self.counts[record.about] += 1
        number = self.counts[record.about]
        share = self.spec.share if number >= self.spec.from_occurrence else 0.0
        if self.model.draw(entity, f"strikes {record.about}", number) < share:
            delay = self.model.steps(self.spec.delay_s, entity, f"delay {record.about}", number)
            self.due.append((record.step + delay, 0, record))

    def _is_still_there(self, name: str, joins: int) -> bool:
        return self.pairs[name].status == "beside" and self.pairs[name].joins == joins


def minutes(model: Model, name: str, entity: str, occurrence: int) -> int:
    """Return the steps until a hazard by the minute strikes."""
    share = model.scenario.escalation.hazards[name].share
    if share < 1e-15:
        return NEVER
    mean_s = 0.0 if share == 1.0 else -60.0 / math.log1p(-share)
    law = Exponential(dist="exponential", mean=max(mean_s, 1e-9))
    return model.steps(law, f"hazard {name}", f"time {entity}", occurrence)


class FaceOff:
    """Fighters of a flight's own side and of another beside it at once."""

    def __init__(self, model: Model, flight: str, side: str) -> None:
        self.model, self.flight, self.side = model, flight, side
        self.number, self.both, self.going_on = 0, False, False
        self.due: list[tuple[int, str]] = []

    def tick(self, now: int) -> None:
        """Look who is there: it begins when both have been there since the step before."""
        sides = [force.name for force in self.model.forces.values() if force.beside(self.flight)]
        before, self.both = self.both, self.side in sides and len(sides) > 1
        hazards = self.model.scenario.escalation.hazards
        if self.both and before and not self.going_on:
            self.number, self.going_on = self.number + 1, True
            self.model.emit("face-off", self.flight, self.flight, number=self.number)
            smouldering = [name for name, spec in hazards.items() if spec.during == "face-off"]
            self.due = [(now + minutes(self.model, n, self.flight, self.number), n) for n in smouldering]
        elif not self.both:
            self.going_on, self.due = False, []
        for due, name in self.due:
            if due == now:
                self.model.emit(hazards[name].leads_to, self.flight, self.flight, hazard=name)
