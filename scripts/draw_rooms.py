#!/usr/bin/env python3
"""Draws the rooms and what they may know, from the list in scripts/check_layers.py: docs/rooms.svg, and the table in
docs/architecture.md. With --check it changes nothing, and fails when they are not up to date (a CTest test)."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SVG, PAGE = ROOT / "docs" / "rooms.svg", ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- rooms: begin (scripts/draw_rooms.py) -->", "<!-- rooms: end -->"
EVERYWHERE = {"proto/outcome", "proto/schema"}
BANDS = [("seeder", "node"), ("manifests",), ("proto",)]  # from the top
WIDTH, BOX, GAP, ROW, HEAD = 1180, 84, 14, 62, 26
COLOURS = {"proto": "#dfe7f2", "manifests": "#e4f0df", "seeder": "#f6e6d8", "node": "#efe2f1"}


def allowed():
    """{room: rooms it may include}, without those that everything may include."""
    edges = subprocess.run([sys.executable, str(ROOT / "scripts" / "check_layers.py"), "--dot"], check=True, text=True,
                           capture_output=True).stdout
    graph = {room: set() for room in EVERYWHERE}
    for room, used in re.findall(r'"([^"]+)" -> "([^"]+)"', edges):
        graph.setdefault(room, set())
        graph.setdefault(used, set())
        if used not in EVERYWHERE:
            graph[room].add(used)
    return graph


def reach(graph, room):
    return set().union(*({used} | reach(graph, used) for used in graph[room])) if graph[room] else set()


def reduced(graph):
    """Only arrows that no chain of other arrows says already."""
    return {room: {used for used in uses if not any(used in reach(graph, other) for other in uses - {used})}
            for room, uses in graph.items()}


def depth(graph, room):
    """How many rooms of its own top folder lie below it."""
    own = [used for used in graph[room] if used.split("/")[0] == room.split("/")[0]]
    return 1 + max((depth(graph, used) for used in own), default=-1)


def places(graph, arrows):
    """{room: (x, y)} of the middle of its box; and the frames: (top, x, y, width, height)."""
    at, frames, y = {}, [], HEAD
    lower = []
    for band in reversed(BANDS):
        rows = {top: {} for top in band}
        for room in sorted(graph):
            if room.split("/")[0] in band:
                rows[room.split("/")[0]].setdefault(depth(graph, room), []).append(room)
        lower.append((band, rows, 1 + max(max(r) for r in rows.values())))
    for band, rows, height in reversed(lower):
        span = (WIDTH - 20 * (len(band) - 1)) / len(band)
        for column, top in enumerate(band):
            frames.append((top, column * (span + 20), y, span, height * ROW + HEAD))
            for level, rooms in rows[top].items():
                step = span / len(rooms)
                for index, room in enumerate(rooms):
                    at[room] = (column * (span + 20) + step * (index + 0.5), y + HEAD + (height - level - 0.5) * ROW)
        y += height * ROW + HEAD + 30
    return ordered(at, arrows), frames, y


def ordered(at, arrows):
    """Rooms of one row change places until each stands near the rooms it is joined to."""
    near = {room: set(uses) for room, uses in arrows.items()}
    for room, uses in arrows.items():
        for used in uses:
            near[used].add(room)
    for _ in range(12):
        rows = {}
        for room, (_, y) in at.items():
            rows.setdefault((room.split("/")[0], y), []).append(room)
        for (_, y), rooms in sorted(rows.items()):
            slots = sorted(at[room][0] for room in rooms)
            pull = {room: sum(at[o][0] for o in near[room]) / len(near[room]) if near[room] else at[room][0]
                    for room in rooms}
            for x, room in zip(slots, sorted(rooms, key=lambda room: (pull[room], room))):
                at[room] = (x, y)
    return at


def svg(graph):
    arrows = reduced(graph)
    at, frames, height = places(graph, arrows)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-10 0 {WIDTH + 20} {height:.0f}" '
           'font-family="sans-serif" font-size="13">',
           '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
           '<path d="M0 0 8 4 0 8z" fill="#555"/></marker></defs>',
           f'<rect x="-10" width="{WIDTH + 20}" height="{height:.0f}" fill="white"/>']
    for top, x, y, width, tall in frames:
        out.append(f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{tall}" rx="8" fill="{COLOURS[top]}"/>'
                   f'<text x="{x + 10:.0f}" y="{y + 18:.0f}" font-weight="bold">{top}</text>')
    for room in sorted(arrows):
        for used in sorted(arrows[room]):
            (x1, y1), (x2, y2) = at[room], at[used]
            if y1 == y2:
                path = f"M{x1:.0f} {y1 - 13:.0f} Q{(x1 + x2) / 2:.0f} {y1 - 44:.0f} {x2:.0f} {y2 - 15:.0f}"
            else:
                path = (f"M{x1:.0f} {y1 + 13:.0f} C{x1:.0f} {(y1 + y2) / 2:.0f} {x2:.0f} {(y1 + y2) / 2:.0f} "
                        f"{x2:.0f} {y2 - 15:.0f}")
            out.append(f'<path d="{path}" fill="none" stroke="#555" stroke-opacity="0.55" marker-end="url(#a)"/>')
    for room, (x, y) in sorted(at.items()):
        out.append(f'<rect x="{x - BOX / 2:.0f}" y="{y - 13:.0f}" width="{BOX}" height="26" rx="5" fill="white" '
                   f'stroke="#333"/><text x="{x:.0f}" y="{y + 4.5:.1f}" text-anchor="middle">{room.split("/")[1]}</text>')
    return "\n".join(out + ["</svg>", ""])


def table(graph):
    lines = ["| room | may know (beside `proto/outcome` and `proto/schema`) |", "|---|---|"]
    for top in ("node", "seeder", "manifests", "proto"):
        for room in sorted(room for room in graph if room.startswith(top + "/")):
            uses = ", ".join(sorted(used.removeprefix(top + "/") for used in graph[room]))
            lines.append(f"| {room} | {uses or '-'} |")
    return "\n".join(lines)


def main():
    graph = allowed()
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    wanted = {SVG: svg(graph), PAGE: f"{before}{BEGIN}\n{table(graph)}\n{END}{after}"}
    old = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv:
        for path in old:
            print(f"{path.relative_to(ROOT)} is not what scripts/check_layers.py says: run scripts/draw_rooms.py")
        return 1 if old else 0
    for path in old:
        path.write_text(wanted[path])
    return 0


sys.exit(main())
