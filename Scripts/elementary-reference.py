"""Writes the reference table of the elementary functions, with mpmath at 1400 bits.

usage: python3 Scripts/elementary-reference.py > Tests/LaneMathTests/ReferenceTable.swift

A row holds the argument(s), the correctly rounded value and what rounding left, in units of the
last place, so that a test knows the error of a result to a thousandth of an ulp.
"""
import random
import struct

import mpmath
from mpmath import mp, mpf

mp.prec = 1400
random.seed(20240607)


def ulp(y):
    """The distance between neighbouring numbers at y."""
    if y == 0:
        return mpf(2) ** -1074
    exponent = mpmath.frexp(mpf(abs(y)))[1]
    return mpf(2) ** max(exponent - 53, -1074)


def rounded(value):
    """The nearest number to value, subnormal numbers included."""
    if value == 0:
        return 0.0
    unit = ulp(value)
    return float(mpmath.nint(value / unit) * unit)


def row(arguments, value):
    y = rounded(value)
    rest = (value - mpf(y)) / ulp(y)
    words = [x.hex() for x in arguments] + [y.hex(), "%.4f" % float(rest)]
    return " ".join(words)


def any_number():
    while True:
        x = struct.unpack("<d", struct.pack("<Q", random.getrandbits(64)))[0]
        if x == x and abs(x) != float("inf"):
            return x


def magnitudes(low, high, count):
    return [random.choice([-1, 1]) * 2 ** random.uniform(low, high) for _ in range(count)]


def spread(low, high, count):
    return [random.uniform(low, high) for _ in range(count)]


def near_quarter_turns(count):
    points = []
    for _ in range(count):
        k = int(2 ** random.uniform(0, 60))
        points.append(float(k * mpmath.pi / 2))
    # The number closest to a multiple of pi/2 of all, and multiples at the change of method.
    return points + [6381956970095103.0 * 2.0**797, 2.0**1023, 199999.99, 200000.01, 2e5]


circular = (
    spread(-10, 10, 40) + spread(-2e5, 2e5, 25) + magnitudes(-1070, 1023, 25)
    + near_quarter_turns(25)
)
functions = {
    "exp": (mpmath.exp, spread(-745, 709.7, 50) + spread(-1, 1, 30) + spread(-745.1, -708, 20)
            + magnitudes(-1070, 0, 10) + [709.782712893384, -745.1332191019411, -708.4]),
    "expm1": (mpmath.expm1, spread(-40, 709, 30) + spread(-2, 2, 50) + magnitudes(-1070, 0, 20)),
    "log": (mpmath.log, [abs(any_number()) for _ in range(40)] + spread(0.3, 3, 40)
            + [1 + x for x in magnitudes(-52, -2, 20)] + [5e-324, 2.0**-1022, 1.7e308]),
    "log1p": (mpmath.log1p, [abs(any_number()) for _ in range(20)] + spread(-0.999, 3, 50)
              + magnitudes(-1070, -1, 30) + [-1 + 2.0**-53, 1.7e308]),
    "tanh": (mpmath.tanh, spread(-20, 20, 40) + spread(-1, 1, 50) + magnitudes(-1070, 5, 25)),
    "sin": (mpmath.sin, circular),
    "cos": (mpmath.cos, circular),
    "tan": (mpmath.tan, circular),
}
print("// Written by Scripts/elementary-reference.py; do not edit.")
print()
print("/// Rows of arguments, correctly rounded value, and the rest in units of the last place.")
print("let referenceTable: [String: String] = [")
for name, (function, points) in functions.items():
    print('  "%s": """' % name)
    for x in points:
        print("  " + row([x], function(mpf(x))))
    print('  """,')
print('  "atan2": """')
for scale in (None, None, None, 1):
    for _ in range(30):
        y, x = (any_number(), any_number()) if scale is None else spread(-1, 1, 2)
        if scale is None and random.random() < 0.6:
            x = y * random.choice([-1, 1]) * 2 ** random.uniform(-3, 3)
            if abs(x) == float("inf") or x == 0:
                continue
        if abs(y / x) < 2.0**-1000 and x > 0:
            continue
        print("  " + row([y, x], mpmath.atan2(mpf(y), mpf(x))))
print('  """,')
print("]")
