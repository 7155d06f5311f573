"""Check a signed export of Gatehouse's audit log: python check_audit_export.py FILE PUBLIC_KEY

It needs Python 3.11 and nothing else. Exit code 1, and a sentence for each breach, unless every byte is as it was signed.
"""

import hashlib
import json
import pathlib
import sys

# Ed25519 (RFC 8032): points as (x, y, z, t) with x = x/z, y = y/z, x*y = t/z.
P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def add(one, two):
    a, b = (one[1] - one[0]) * (two[1] - two[0]) % P, (one[1] + one[0]) * (two[1] + two[0]) % P
    c, d = 2 * one[3] * two[3] * D % P, 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number, point):
    result = (0, 1, 1, 0)
    while number:
        if number & 1:
            result = add(result, point)
        point, number = add(point, point), number >> 1
    return result


def x_of(y, sign):
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        raise ValueError("not a point")
    return P - x if x & 1 != sign else x


def point_of(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    x = x_of(y, sign)
    return x, y, 1, x * y % P


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = (x_of(BASE_Y, 0), BASE_Y, 1, x_of(BASE_Y, 0) * BASE_Y % P)


def is_signed(key, message, signature):
    if len(key) != 32 or len(signature) != 64:
        return False
    try:
        public, point = point_of(key), point_of(signature[:32])
    except ValueError:
        return False
    s = int.from_bytes(signature[32:], "little")
    hashed = hashlib.sha512(signature[:32] + key + message).digest()
    left, right = times(s, BASE), add(point, times(int.from_bytes(hashed, "little") % Q, public))
    same = (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0
    return s < Q and same


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def breaches(data, key):
    *lines, closing, last = data.decode().splitlines(keepends=True)
    seal, export = json.loads(last), "".join([*lines, closing]).encode()
    signed = {"audit_log": "gatehouse", "key": key, "sha256": hashlib.sha256(export).hexdigest()}
    if not is_signed(bytes.fromhex(key), canonical(signed).encode(), bytes.fromhex(seal["signature"])):
        yield "the signature is not that of this key over these bytes"
    number, previous = 0, "0" * 64
    for number, line in enumerate(lines[1:], start=1):
        entry = json.loads(line)
        head = canonical([entry["seq"], entry["kind"], entry["subject"], entry["actor"], entry["at"]])
        hashed = hashlib.sha256(f"{previous}{head[:-1]},{entry['body']}]".encode()).hexdigest()
        if (entry["seq"], entry["previous"], entry["hash"]) != (number, previous, hashed):
            yield f"entry {number} does not continue the chain"
        previous = entry["hash"]
    if json.loads(closing) != {"entries": number, "head": previous}:
        yield "the closing line names another number of entries, or another head"


if __name__ == "__main__":
    try:
        found = list(breaches(pathlib.Path(sys.argv[1]).read_bytes(), sys.argv[2].strip().lower()))
    except (ValueError, KeyError, TypeError) as error:
        found = [f"this is no signed export: {error}"]
    print("\n".join(found) or "whole: every entry is as it was signed")
    sys.exit(1 if found else 0)
