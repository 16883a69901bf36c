"""The figures of one run: a table for people, bench.json for programs.

A Figure holds when its value, or its ratio to what it stands beside, is within its bound; without a bound it is only told.
"""
import json
import os
import platform
import statistics
import sys

PATIENCE = 0.02  # ms that direct may differ from direct before latencies say nothing


def figure(name, value, unit, beside=None, bound=None, of="value", note=None):
    """`of`: what the bound is for, "value" or "ratio" (value / beside)."""
    ratio = value / beside if beside else None
    measured = ratio if of == "ratio" else value
    holds = None if bound is None or measured is None else measured <= bound
    return {"name": name, "value": value, "unit": unit, "beside": beside, "ratio": ratio, "bound": bound, "of": of,
            "holds": holds, **({"note": note} if note else {})}


def difference(ways, way, base):
    """Median and quartiles of the per-round differences of two ways, in ms."""
    rounds = sorted((a - b) / 1000 for a, b in zip(ways[way], ways[base]))
    low, _, high = statistics.quantiles(rounds, n=4)
    return statistics.median(rounds), low, high


def machine():
    with open("/proc/cpuinfo") as f:
        model = next((line.partition(":")[2].strip() for line in f if line.startswith("model name")), platform.machine())
    with open("/proc/meminfo") as f:
        memory = int(f.readline().split()[1]) // 1024
    return f"{model}, {os.cpu_count()} CPUs, {memory} MiB, Linux {platform.release()}, load {os.getloadavg()[0]:.1f}"


def show(figures, out=sys.stdout):
    print(f"{'':52} {'value':>10} {'':5} {'beside':>9} {'ratio':>6}  bound", file=out)
    for f in figures:
        beside = f"{f['beside']:9.3f}" if f["beside"] is not None else " " * 9
        ratio = f"{f['ratio']:6.2f}" if f["ratio"] is not None else " " * 6
        bound = ""
        if f["bound"] is not None:
            bound = f"at most {f['bound']:g}{'x' if f['of'] == 'ratio' else ' ' + f['unit']}: " + ("holds" if f["holds"] else "FALLS SHORT")
        print(f"{f['name']:52} {f['value']:10.3f} {f['unit']:5} {beside} {ratio}  {bound}", file=out)
        if "note" in f:
            print(f"    {f['note']}", file=out)


def write(figures, path):
    keys = ("name", "value", "unit", "beside", "ratio", "bound", "holds")
    with open(path, "w") as f:
        json.dump([{key: entry[key] for key in keys} for entry in figures], f, indent=1)
        f.write("\n")
