"""Plots as SVG, drawn by hand: both axes logarithmic, a line for each series."""
import html
import math

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 460, 280, 60, 40, 28, 80
COLOURS = {"ottla": "#1667c4", "kafka": "#c4441a", "floor": "#777", "mock": "#777"}


def powers_of_ten(least, greatest):
    return [10.0 ** power for power in range(math.floor(math.log10(least)), math.ceil(math.log10(greatest)) + 1)]


def text(x, y, what, anchor="middle", colour="#000"):
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-size="11" fill="{colour}">{html.escape(what)}</text>'


def line_plot(title, x_label, y_label, series):
    """series: {name: [(x, y), ...]}, all above zero."""
    points = [point for line in series.values() for point in line if point[1] > 0]
    if not points:
        return ""
    xs, ys = powers_of_ten(*least_and_greatest(points, 0)), powers_of_ten(*least_and_greatest(points, 1))

    def place(x, y):
        across = (math.log10(x) - math.log10(xs[0])) / (math.log10(xs[-1]) - math.log10(xs[0]))
        up = (math.log10(y) - math.log10(ys[0])) / (math.log10(ys[-1]) - math.log10(ys[0]))
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - BOTTOM - TOP)

    parts = [text(WIDTH / 2, 16, title), text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, x_label), text(4, TOP - 4, y_label, "start")]
    for x in xs:
        at, top = place(x, ys[-1])
        parts.append(f'<path d="M{at:.1f} {top:.1f}V{HEIGHT - BOTTOM}" stroke="#ddd"/>' + text(at, HEIGHT - BOTTOM + 14, f"{x:,g}"))
    for y in ys:
        _, at = place(xs[0], y)
        parts.append(f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>' + text(LEFT - 4, at + 4, f"{y:,g}", "end"))
    for name, line in series.items():
        places = [place(x, y) for x, y in line if y > 0]
        colour = COLOURS.get(name, "#080")
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        parts.append(text(places[-1][0] + 6, places[-1][1] + 4, name, "start", colour))
    return f'<svg width="{WIDTH}" height="{HEIGHT}" xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'


def least_and_greatest(points, axis):
    least, greatest = min(point[axis] for point in points), max(point[axis] for point in points)
    return least, greatest if math.floor(math.log10(least)) < math.ceil(math.log10(greatest)) else least * 10
