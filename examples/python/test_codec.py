"""Holds the codec against the vectors that all languages share. Run it by `python -m unittest test_codec`."""

import base64
import copy
import json
import os
import unittest
import zlib
from pathlib import Path
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.exceptions import ApplicationError

from codec import (
    NONCE_SIZE,
    CodecError,
    EncryptionCodec,
    KeyRing,
    KeyRingError,
    additional_data,
    encrypting_data_converter,
    load_data_converter,
)

VECTORS = json.loads((Path(__file__).parent.parent / "codec-vectors.json").read_text(encoding="utf-8"))
KEYS = KeyRing.parse(json.dumps(VECTORS["keyRing"]))
CODEC = EncryptionCodec(KEYS)


def payload(json_payload: Any) -> Payload:
    metadata = {name: base64.b64decode(value) for name, value in json_payload["metadata"].items()}
    return Payload(metadata=metadata, data=base64.b64decode(json_payload["data"]))


def payload_of_size(size: int, data: bytes) -> Payload:
    """:param data: as long as the whole message is to be."""
    for length in range(size, 0, -1):
        found = Payload(data=data[:length])
        if found.ByteSize() == size:
            return found
    raise AssertionError(f"no payload is {size} bytes long")


async def encoded(original: Payload) -> Payload:
    return (await CODEC.encode([original]))[0]


async def decoded(sealed: Payload, codec: EncryptionCodec = CODEC) -> Payload:
    return (await codec.decode([sealed]))[0]


class Vectors(unittest.IsolatedAsyncioTestCase):
    async def test_each_payload_is_decoded(self) -> None:
        self.assertGreaterEqual(len(VECTORS["payloads"]), 7)
        for vector in VECTORS["payloads"]:
            with self.subTest(vector["name"]):
                self.assertEqual(await decoded(payload(vector["encoded"])), payload(vector["decoded"]))

    async def test_each_payload_survives_encoding(self) -> None:
        for vector in VECTORS["payloads"]:
            with self.subTest(vector["name"]):
                original = payload(vector["decoded"])
                sealed = await encoded(original)
                self.assertNotIn(original.data or b"no data", sealed.SerializeToString())
                self.assertEqual(await decoded(sealed), original)

    async def test_each_that_must_be_refused_is(self) -> None:
        self.assertGreaterEqual(len(VECTORS["refused"]), 5)
        for vector in VECTORS["refused"]:
            with self.subTest(vector["name"]), self.assertRaises(CodecError):
                await decoded(payload(vector["encoded"]))


class Format(unittest.IsolatedAsyncioTestCase):
    async def test_the_first_key_encrypts_under_a_new_nonce(self) -> None:
        original = Payload(metadata={"encoding": b"json/plain"}, data=b'"Example GmbH"')
        one, other = await encoded(original), await encoded(original)
        self.assertEqual(
            dict(one.metadata),
            {
                "encoding": b"binary/encrypted",
                "encryption-cipher": b"AES-256-GCM",
                "encryption-key-id": b"2026-11",
            },
        )
        self.assertNotEqual(one.data[:NONCE_SIZE], other.data[:NONCE_SIZE])

    async def test_compression_begins_at_its_least_size_and_ends_at_its_most(self) -> None:
        for size, compression in ((255, None), (256, b"deflate"), (4194304, b"deflate"), (4194305, None)):
            with self.subTest(size=size):
                original = payload_of_size(size, b"a" * size)
                sealed = await encoded(original)
                self.assertEqual(sealed.metadata.get("compression"), compression)
                self.assertEqual(await decoded(sealed), original)

    async def test_what_compression_does_not_make_smaller_stays_as_it_is(self) -> None:
        self.assertNotIn("compression", (await encoded(Payload(data=os.urandom(1000)))).metadata)

    async def test_what_is_encrypted_is_not_encrypted_again_and_what_is_not_is_not_decoded(self) -> None:
        clear = Payload(metadata={"encoding": b"json/plain"}, data=b"1")
        sealed = await encoded(clear)
        self.assertEqual(await encoded(sealed), sealed)
        self.assertEqual(await decoded(clear), clear)

    async def test_failures_are_encrypted_but_for_their_type(self) -> None:
        converter = encrypting_data_converter(KEYS)
        failure = Failure()
        await converter.encode_failure(ApplicationError("Ada is unknown", "Lovelace", type="OrderRejected"), failure)
        for word in (b"Ada", b"Lovelace"):
            self.assertNotIn(word, failure.SerializeToString())
        self.assertEqual(failure.application_failure_info.type, "OrderRejected")
        error = await converter.decode_failure(failure)
        assert isinstance(error, ApplicationError)
        self.assertEqual((error.message, error.details), ("Ada is unknown", ("Lovelace",)))


class Refusals(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.sealed = await encoded(Payload(data=b"Example GmbH"))

    async def test_each_changed_byte(self) -> None:
        for index in range(len(self.sealed.data)):
            changed = copy.deepcopy(self.sealed)
            data = bytearray(changed.data)
            data[index] ^= 1
            changed.data = bytes(data)
            with self.subTest(index=index), self.assertRaisesRegex(CodecError, "Compare the key rings"):
                await decoded(changed)

    async def test_each_length(self) -> None:
        for length in range(len(self.sealed.data)):
            cut = Payload(metadata=self.sealed.metadata, data=self.sealed.data[:length])
            with self.subTest(length=length), self.assertRaisesRegex(CodecError, "Compare the key rings"):
                await decoded(cut)

    async def test_changed_metadata(self) -> None:
        for field, value, message in (
            ("encryption-key-id", b"2025-11", "Compare the key rings"),
            ("encryption-key-id", b"2024-11", 'key "2024-11": add it'),
            ("encryption-key-id", b"\xff\n", "names no key"),
            ("encryption-cipher", b"AES-128-GCM", "use a newer codec"),
            ("compression", b"deflate", "Compare the key rings"),
            ("compression", b"none", "use a newer codec"),
            ("compression", b"", "use a newer codec"),
        ):
            changed = copy.deepcopy(self.sealed)
            changed.metadata[field] = value
            with self.subTest(field=field, value=value), self.assertRaisesRegex(CodecError, message):
                await decoded(changed)

    async def test_what_inflates_to_too_much_or_to_nothing_whole(self) -> None:
        bomb = zlib.compress(b"\x00" * 4194305)
        cut = zlib.compress(Payload(data=b"a" * 300).SerializeToString())[:-1]
        for plaintext, message in ((bomb, "larger than"), (cut, "Compare"), (b"no zlib", "Compare")):
            nonce = os.urandom(NONCE_SIZE)
            data = KEYS.ciphers[KEYS.first].encrypt(nonce, plaintext, additional_data(KEYS.first, b"deflate"))
            sealed = Payload(metadata={**self.sealed.metadata, "compression": b"deflate"}, data=nonce + data)
            with self.subTest(message=message), self.assertRaisesRegex(CodecError, message):
                await decoded(sealed)

    async def test_without_keys(self) -> None:
        codec = load_data_converter({}).payload_codec
        assert isinstance(codec, EncryptionCodec)
        clear = Payload(data=b"1")
        self.assertEqual(await codec.encode([clear]), [clear])
        with self.assertRaisesRegex(CodecError, "no keys are set: name the key ring in MARKETPLACE_CODEC_KEYS_FILE"):
            await decoded(self.sealed, codec)

    def test_what_is_no_key_ring(self) -> None:
        key = VECTORS["keyRing"]["keys"][0]
        for ring, message in (
            ("secret", "no JSON"),
            (b"\xff", "no JSON"),
            ("[]", "must be an object"),
            ('{"keys": []}', "must be an object"),
            (json.dumps({"keys": [{**key, "id": "a b"}]}), r"keys\[0\].id must"),
            (json.dumps({"keys": [key, key]}), r"keys\[1\].id is the ID of another"),
            (json.dumps({"keys": [{**key, "key": "secret"}]}), r"keys\[0\].key must be 32 bytes"),
        ):
            with self.subTest(message=message), self.assertRaisesRegex(KeyRingError, message) as raised:
                KeyRing.parse(ring)
            self.assertNotIn("secret", str(raised.exception))

    def test_a_key_ring_file_that_is_not_there(self) -> None:
        with self.assertRaisesRegex(KeyRingError, "MARKETPLACE_CODEC_KEYS_FILE: it cannot be read"):
            load_data_converter({"MARKETPLACE_CODEC_KEYS_FILE": str(Path(__file__).parent / "no-such-file")})


if __name__ == "__main__":
    unittest.main()
