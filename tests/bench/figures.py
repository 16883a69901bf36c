"""The measurements: each takes the world it is made in and returns figures (report.figure)."""
import json
import os
import re
import statistics
import subprocess
import tempfile
import unittest

import kernel
from peers import FAR, HOST
from process import cpu, memory
from report import PATIENCE, difference, figure

KIB = 1024


def target(name, port, tls=False):
    return f"{name}={'https' if tls else 'http'}://{HOST}@{FAR}:{port}"


def paired(world, *targets):
    """Rounds of five clients one after the other: where the kernel places a client's connections lasts as long as it does."""
    pooled = {}
    for _ in range(5):
        for name, medians in world.ask("rounds", "--rounds", "10", "--count", "100", "--warm-up", "300", *targets).items():
            pooled.setdefault(name, []).extend(medians)
    return pooled


def latency(world):
    """Added p50 of a keep-alive exchange: plain, and with TLS on both legs. Self-test first."""
    found = []
    for kind, tls in (("plain", False), ("TLS both legs", True)):
        origin, proxy, haproxy = world.origin, world.proxy, world.haproxy
        direct, captured = (origin.tls, origin.captured_tls) if tls else (origin.plain, origin.captured)
        ways = paired(world, target("direct", direct, tls), target("hivemind", captured, tls),
                      target("nginx", proxy.tls if tls else proxy.plain, tls),
                      target("haproxy", haproxy.tls if tls else haproxy.plain, tls), target("again", direct, tls))
        same, low, high = difference(ways, "again", "direct")
        noise = abs(same) > PATIENCE
        found.append(figure(f"self-test {kind}: direct against direct", abs(same), "ms", bound=PATIENCE,
                            note=f"quartiles {low:.3f} to {high:.3f}" + ("; the machine is too noisy for these latencies" if noise else "")))
        ours, low, high = difference(ways, "hivemind", "direct")
        nginx = difference(ways, "nginx", "direct")[0]
        found.append(figure(f"added latency p50, {kind} (beside nginx)", ours, "ms", beside=nginx, bound=1.5, of="ratio",
                            note=f"quartiles {low:.3f} to {high:.3f}; HAProxy {difference(ways, 'haproxy', 'direct')[0]:.3f}; "
                                 f"direct takes {statistics.median(ways['direct']) / 1000:.3f}"))
    return found


def scheduled(world, warm_up):
    """Fails unless the exchanges went through the scheduler: figures of a tunnel would say nothing."""
    counts = [run["requests"] for run in world.home.status()["runs"] if run["name"] == "bench"]
    if counts != [warm_up]:
        raise AssertionError(f"{warm_up} exchanges were to be scheduled, and {counts} were")


def processor(world):
    """CPU per request from schedstat, 32 connections; ours and HAProxy in turn, the median of three each."""
    found = []
    for kind, tls in (("plain", False), ("TLS both legs", True)):
        spent = {"hivemind": [], "haproxy": [], "nginx": []}
        for _ in range(3):
            for name, pid, port in (("hivemind", world.daemon, world.origin.captured_tls if tls else world.origin.captured),
                                    ("haproxy", world.haproxy.pid, world.haproxy.tls if tls else world.haproxy.plain),
                                    ("nginx", world.proxy.pid, world.proxy.tls if tls else world.proxy.plain)):
                with world.client("load", "--connections", "32", "--count", "200", target(name, port, tls)) as load:
                    load.line()
                    if name == "hivemind":
                        scheduled(world, 32 * 20)
                    before = cpu(pid)
                    load.go()
                    requests = json.loads(load.line())["requests"]
                    spent[name].append((cpu(pid) - before) * 1e6 / requests)
        median = {name: statistics.median(values) for name, values in spent.items()}
        found.append(figure(f"CPU per request, {kind} (beside HAProxy)", median["hivemind"], "us", beside=median["haproxy"],
                            bound=3, of="ratio", note=f"nginx {median['nginx']:.1f}; rounds of ours "
                                                      + ", ".join(f"{v:.1f}" for v in spent["hivemind"])))
    return found


def events(world):
    """SSE: delay added to each event, CPU per 1,000 events, and the same bytes."""
    direct, captured = world.events, world.captured_events
    ways = world.ask("events", "--rounds", "6", "--count", "300", "--gap", "2000",
                     target("direct", direct.plain), target("hivemind", captured.plain), target("nginx", world.proxy.events))
    p50 = {name: way["p50"] for name, way in ways.items()}
    same = ways["direct"]["hash"] == ways["hivemind"]["hash"]
    before = cpu(world.daemon)
    many = world.ask("events", "--rounds", "1", "--count", "400", "--gap", "5000", "--streams", "20", target("hivemind", captured.plain))
    spent = cpu(world.daemon) - before
    return [
        figure("SSE: added per event p50 (beside nginx)", difference(p50, "hivemind", "direct")[0], "ms",
               beside=difference(p50, "nginx", "direct")[0], bound=0.1),
        figure("SSE: CPU per 1,000 events", spent * 1e6 / many["hivemind"]["events"], "ms",
               note="20 streams, an event every 5 ms in each"),
        figure("SSE: answers that differ from the origin's bytes", 0 if same else 1, "", bound=0),
    ]


def connects(world):
    """connect() under the preload object beside the bare system call, blocking, to an open port."""
    origin = world.origin
    ways = world.ask("connect", "--count", "2000", target("captured", origin.captured), target("not captured", origin.plain))
    return [
        figure("connect captured: added p50 (beside the bare call)", ways["captured"]["added"], "us", bound=15,
               beside=ways["captured"]["direct"]),
        figure("connect not captured: added p50", ways["not captured"]["added"], "us", bound=1,
               beside=ways["not captured"]["direct"]),
        *supervised_connects(world),
        *kernel_connects(world),
    ]


def supervised_connects(world):
    """The bare system call in a supervised run, past the preload object, beside the same call without us before and after."""
    ways = ("captured", world.origin.captured), ("not captured", world.origin.plain)
    question = ("connect", "--count", "1000", *(target(*way) for way in ways))
    before, held, after = (world.ask(*question, **how) for how in
                           ({"captured": False}, {"options": ["--capture", "seccomp"]}, {"captured": False}))
    found = []
    for name, bound in (("captured", 40), ("not captured", None)):
        bare = statistics.mean(way[name]["direct"] for way in (before, after))
        found.append(figure(f"seccomp added per connect, {name} (beside direct)", held[name]["direct"] - bare, "us", beside=bare, bound=bound))
    return found


def kernel_connects(world):
    """The same under the eBPF tier; and of a program outside while a run is captured. Nothing where there is no eBPF."""
    try:
        kernel.need_privilege()
    except unittest.SkipTest:
        return []
    ways = ("captured", world.origin.captured), ("not captured", world.origin.plain)
    question = ("connect", "--count", "1000", *(target(*way) for way in ways))
    before = world.ask(*question, captured=False)
    inside = world.ask(*question, options=kernel.EBPF)
    other = world.home.start("sleep", "60", options=kernel.EBPF)
    world.harness.until(lambda: kernel.helper_of(other.pid), "a run is captured")
    outside = world.ask(*question, captured=False)
    other.stop()
    after = world.ask(*question, captured=False)
    found = []
    for name, held, way, bound in (("captured", inside, "captured", 10), ("not captured", inside, "not captured", None), ("outside", outside, "captured", 1)):
        bare = statistics.mean(one[way]["direct"] for one in (before, after))
        found.append(figure(f"eBPF added per connect, {name} (beside direct)", held[way]["direct"] - bare, "us", beside=bare, bound=bound))
    return found


def weight(world):
    """Resident memory of a daemon of its own, at rest and per connection at 1,000 of each."""
    many = 1000
    found = []
    for name, mode, port, bound in (("idle TLS connection", "idle", world.origin.captured_tls, 24),
                                    ("streaming exchange, TLS both legs", "streams", world.captured_events.tls, 96)):
        with world.fresh_home() as home:
            pid = home.up()
            rest = memory(pid)
            if mode == "idle":
                found.append(figure("daemon at rest", rest / KIB / KIB, "MiB", bound=25))
            with world.client(mode, "--connections", str(many), target("hivemind", port, tls=True), home=home) as holder:
                holder.line(60)
                found.append(figure(f"memory per {name}", (memory(pid) - rest) / many / KIB, "KiB", bound=bound,
                                    note=f"{many} of them; the daemon then has {memory(pid) / KIB / KIB:.1f} MiB"))
                holder.go()
    return found


def launch(world):
    """`hivemind-run true` with the daemon up: time and peak resident memory of hivemind-run."""
    run = os.path.join(world.bin, "hivemind-run")
    took = world.ask("spawn", "--count", "60", "--", run, "--", "true", captured=False)
    bare = world.ask("spawn", "--count", "60", "--", "true", captured=False)
    # The agent's parent is hivemind-run; its high-water mark is read while it waits for the agent.
    peak = world.home.run("sh", "-c", "grep VmHWM /proc/$PPID/status")
    kib = int(re.search(r"VmHWM:\s+(\d+) kB", peak.out()).group(1))
    return [figure("hivemind-run true (beside true)", took["p50"], "ms", beside=bare["p50"], bound=15, note=f"p95 {took['p95']:.1f}"),
            figure("hivemind-run: peak resident memory", kib / KIB, "MiB", bound=8)]


def core(world):
    """core_bench: the scheduler's CPU per event with 100,000 requests queued from 10,000 agents, and how that grows."""
    out = subprocess.run([os.path.join(world.bin, "core_bench"), "--benchmark_filter=fair", "--benchmark_repetitions=5",
                          "--benchmark_format=json"], check=True, capture_output=True, text=True).stdout
    rounds = {}
    for run in json.loads(out)["benchmarks"]:
        if run["run_type"] == "iteration":
            rounds.setdefault(run["name"], []).append(run["cpu_time"] / 1000)
    found = []
    for event in ("submit", "dispatch"):
        few, some, many = (min(rounds[f"{event}/fair/{queued}"]) for queued in (1000, 10000, 100000))
        found.append(figure(f"scheduler: {event}, 100,000 queued of 10,000 agents", many, "us", bound=2,
                            note=f"the least of five; 1,000 queued {few:.2f}, 10,000 queued {some:.2f}"))
        found.append(figure(f"scheduler: {event}, 100,000 queued (beside 1,000)", many, "us", beside=few, bound=10, of="ratio",
                            note="a search through all of them would take 100 times as long"))
    return found


def simulation(world):
    """hivemind-sim on one core: 10,000 agents of 100 turns on a limit that takes half of what they ask."""
    scenario = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../examples/scenarios/many.toml")
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen([os.path.join(world.bin, "hivemind-sim"), "run", scenario, "--seeds", "1", "--threads", "1", "--json"],
                                   stdout=out)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise AssertionError(f"hivemind-sim ended with {process.returncode}")
        out.seek(0)
        row = json.load(out)[0]
    if row["agents"] != 10000 or row["wait_p50"] < 1:
        raise AssertionError(f"not the contended fleet that is to be measured: {row}")
    return [figure("10,000 agents x 100 turns simulated: CPU time", used.ru_utime + used.ru_stime, "s", bound=60,
                   note=f"{row['makespan']:.0f} s of a fleet with {row['dead']} dead, waits of {row['wait_p50']:.1f} s at p50"),
            figure("10,000 agents x 100 turns simulated: peak memory", used.ru_maxrss / KIB, "MiB", bound=1024)]
