"""Keys as metadata.proto describes them: Ed25519, ECDSA on P-256, RSA-PSS; and what a threshold of them has signed."""
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from . import curve

ED25519, ECDSA_P256, RSA_PSS = 1, 2, 3
KNOWN = (ED25519, ECDSA_P256, RSA_PSS)


def key_id(key):
    return hashlib.sha256(bytes([key.alg if key.alg < 256 else 0]) + key.public_key).digest()


def loaded(key):
    """A key of cryptography's; None when it is not sound."""
    data = key.public_key
    try:
        if key.alg == ECDSA_P256 and len(data) == 64:
            return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + data)
        if key.alg == RSA_PSS and 256 <= len(data) <= 512 and data[0] & 0x80 and data[-1] & 1:
            return rsa.RSAPublicNumbers(65537, int.from_bytes(data, "big")).public_key()
    except ValueError:
        pass
    return None


def is_sound(key):
    return curve.is_sound(key.public_key) if key.alg == ED25519 else loaded(key) is not None


def verifies(key, message, signature):
    if key.alg == ED25519:
        return curve.verifies(key.public_key, message, signature)
    public = loaded(key)
    try:
        if key.alg == ECDSA_P256 and public and len(signature) <= 72:
            public.verify(signature, message, ec.ECDSA(hashes.SHA256()))
            return True
        if key.alg == RSA_PSS and public and len(signature) == len(key.public_key):
            public.verify(signature, message, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
            return True
    except InvalidSignature:
        pass
    return False
