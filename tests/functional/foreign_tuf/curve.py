"""Ed25519 (RFC 8032): which public keys and signatures are worth believing. The verification itself is cryptography's."""
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def decompressed(encoding):
    """x, y of a point, section 5.1.3; None when the encoding is not canonical or is no point."""
    number = int.from_bytes(encoding, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - x2) % P or (x == 0 and sign):
        return None
    return (P - x if x & 1 != sign else x), y


def doubled(point):
    x, y = point
    t = D * x * x * y * y
    return (2 * x * y * pow(1 + t, P - 2, P) % P, (y * y + x * x) * pow(1 - t, P - 2, P) % P)


def is_sound(encoding):
    """A canonical point that is not of small order: eight times it is not the neutral element."""
    point = decompressed(encoding) if len(encoding) == 32 else None
    if point is None:
        return False
    for _ in range(3):
        point = doubled(point)
    return point != (0, 1)


def verifies(public_key, message, signature):
    if len(signature) != 64 or not is_sound(public_key) or not is_sound(signature[:32]):
        return False
    if int.from_bytes(signature[32:], "little") >= L:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
        return True
    except InvalidSignature:
        return False
