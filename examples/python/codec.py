"""Encrypts what a purchase says, in the format of docs/codec.md: AES-256-GCM with a key ring, compressed where it pays."""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes, PayloadCodec

KEYS_FILE = "MARKETPLACE_CODEC_KEYS_FILE"
KEYS_INLINE = "MARKETPLACE_CODEC_KEYS"

ENCODING = b"binary/encrypted"
CIPHER = b"AES-256-GCM"
DEFLATE = b"deflate"
# In bytes.
KEY_SIZE, NONCE_SIZE, TAG_SIZE = 32, 12, 16
# Smaller payloads gain nothing by compression, larger ones no Temporal server takes. In bytes.
LEAST, MOST = 256, 4 * 1024 * 1024

KEY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class KeyRingError(Exception):
    """A key ring cannot be used. The message says why, and has no key material."""


class CodecError(Exception):
    """A payload cannot be read. The message says why, and what to do."""


class KeyRing:
    """The first key encrypts, all decrypt."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """:param keys: 32 bytes by their ID, the first one first."""
        self.first = next(iter(keys))
        self.ciphers = {id: AESGCM(key) for id, key in keys.items()}

    @classmethod
    def parse(cls, text: str | bytes) -> KeyRing:
        """Reads `{"keys": [{"id": "2026-11", "key": "<32 bytes, base64>"}]}`.

        :raises KeyRingError:
        """
        # What is wrong is not quoted, nor kept as the error's cause: it may be a key.
        try:
            ring = json.loads(text)
        except ValueError:
            raise KeyRingError("it is no JSON") from None
        entries = ring.get("keys") if isinstance(ring, dict) else None
        if not isinstance(entries, list) or not entries:
            raise KeyRingError('it must be an object with "keys", a list that has a key')
        keys: dict[str, bytes] = {}
        for index, entry in enumerate(entries):
            id, key = (entry.get("id"), entry.get("key")) if isinstance(entry, dict) else (None, None)
            if not isinstance(id, str) or not KEY_ID.fullmatch(id):
                raise KeyRingError(f'keys[{index}].id must be 1 to 64 letters, digits, ".", "_" or "-"')
            if id in keys:
                raise KeyRingError(f"keys[{index}].id is the ID of another key too")
            keys[id] = key_material(key, f"keys[{index}].key")
        return cls(keys)


def key_material(text: object, where: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_SIZE:
        raise KeyRingError(f"{where} must be {KEY_SIZE} bytes in base64, as `marketplace codec-key` makes them")
    return key


class EncryptionCodec(PayloadCodec):
    def __init__(self, keys: KeyRing | None) -> None:
        """:param keys: without, nothing is encrypted, and what is encrypted is refused with a message that says so."""
        self._keys = keys

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        keys = self._keys
        return [payload if keys is None or is_encrypted(payload) else encrypt(payload, keys) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """:raises CodecError:"""
        return [decrypt(payload, self._keys) if is_encrypted(payload) else payload for payload in payloads]


def is_encrypted(payload: Payload) -> bool:
    return payload.metadata.get("encoding") == ENCODING


def encrypt(payload: Payload, keys: KeyRing) -> Payload:
    plaintext = payload.SerializeToString()
    metadata = {"encoding": ENCODING, "encryption-cipher": CIPHER, "encryption-key-id": keys.first.encode()}
    smaller = zlib.compress(plaintext) if LEAST <= len(plaintext) <= MOST else plaintext
    if len(smaller) < len(plaintext):
        plaintext = smaller
        metadata["compression"] = DEFLATE
    nonce = os.urandom(NONCE_SIZE)
    sealed = keys.ciphers[keys.first].encrypt(nonce, plaintext, additional_data(keys.first, metadata.get("compression")))
    return Payload(metadata=metadata, data=nonce + sealed)


def decrypt(payload: Payload, keys: KeyRing | None) -> Payload:
    if keys is None:
        raise CodecError(
            f"the payload is encrypted, and no keys are set: name the key ring in {KEYS_FILE}, the workers' one"
        )
    key_id = payload.metadata.get("encryption-key-id", b"").decode("ascii", "replace")
    if not KEY_ID.fullmatch(key_id):
        raise CodecError("the payload names no key that a key ring could have: no codec of ours made it")
    if key_id not in keys.ciphers:
        raise CodecError(f'the payload is encrypted with key "{key_id}": add it to the key ring, after the first key')
    compression = payload.metadata.get("compression")
    if payload.metadata.get("encryption-cipher") != CIPHER or compression not in (None, DEFLATE):
        raise CodecError("the payload has a cipher or a compression that is unknown here: use a newer codec")
    damaged = CodecError(
        f'the payload cannot be decrypted with key "{key_id}": it was changed, or the workers have another key under '
        "that ID. Compare the key rings"
    )
    if len(payload.data) < NONCE_SIZE + TAG_SIZE:
        raise damaged
    nonce, sealed = payload.data[:NONCE_SIZE], payload.data[NONCE_SIZE:]
    try:
        plaintext = keys.ciphers[key_id].decrypt(nonce, sealed, additional_data(key_id, compression))
        return Payload.FromString(plaintext if compression is None else inflate(plaintext))
    except (InvalidTag, zlib.error, DecodeError) as error:
        raise damaged from error


def inflate(compressed: bytes) -> bytes:
    inflater = zlib.decompressobj()
    # Never more than one byte too many, whatever the payload holds.
    inflated = inflater.decompress(compressed, MOST + 1)
    if len(inflated) > MOST:
        raise CodecError(f"the payload is larger than {MOST} bytes once it is inflated: no codec of ours made it")
    if not inflater.eof:
        raise zlib.error("it ends too soon")
    return inflated


def additional_data(key_id: str, compression: bytes | None) -> bytes:
    """What is authenticated besides the plaintext: the metadata that decoding heeds."""
    return b"\n".join(
        [
            b"encoding=" + ENCODING,
            b"encryption-cipher=" + CIPHER,
            b"encryption-key-id=" + key_id.encode(),
            b"compression=" + (compression or b"none"),
        ]
    )


def load_data_converter(env: Mapping[str, str] = os.environ) -> DataConverter:
    """For `Client.connect`: it encrypts when MARKETPLACE_CODEC_KEYS_FILE names a key ring, failures included.

    :raises KeyRingError:
    """
    # Better a refusal than clear text where somebody meant to encrypt.
    if env.get(KEYS_INLINE):
        raise KeyRingError(f"{KEYS_INLINE} is not read here: put the key ring into a file, and name it by {KEYS_FILE}")
    file = env.get(KEYS_FILE)
    if not file:
        return replace(DataConverter.default, payload_codec=EncryptionCodec(None))
    return encrypting_data_converter(read_key_ring(file))


def encrypting_data_converter(keys: KeyRing) -> DataConverter:
    return replace(
        DataConverter.default,
        payload_codec=EncryptionCodec(keys),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


def read_key_ring(file: str) -> KeyRing:
    try:
        return KeyRing.parse(Path(file).read_bytes())
    except OSError as error:
        raise KeyRingError(f"{KEYS_FILE}: it cannot be read ({error.strerror})") from None
    except KeyRingError as error:
        raise KeyRingError(f"{KEYS_FILE}: {error}") from None
