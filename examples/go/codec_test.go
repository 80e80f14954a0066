package main

import (
	"bytes"
	"compress/zlib"
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"
)

// The vectors that all languages share.
type vectors struct {
	KeyRing           json.RawMessage `json:"keyRing"`
	Payloads, Refused []struct {
		Name             string
		Encoded, Decoded vectorPayload
	}
}

type vectorPayload struct {
	Metadata map[string][]byte
	Data     []byte
}

func (p vectorPayload) payload() *commonpb.Payload {
	return &commonpb.Payload{Metadata: p.Metadata, Data: p.Data}
}

func readVectors(t *testing.T) (vectors, EncryptionCodec) {
	t.Helper()
	text, err := os.ReadFile("../codec-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var read vectors
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	keys, err := ParseKeyRing(read.KeyRing)
	if err != nil {
		t.Fatal(err)
	}
	if len(read.Payloads) < 7 || len(read.Refused) < 5 {
		t.Fatal("vectors are missing")
	}
	return read, EncryptionCodec{keys}
}

func encode(t *testing.T, codec EncryptionCodec, payload *commonpb.Payload) *commonpb.Payload {
	t.Helper()
	encoded, err := codec.Encode([]*commonpb.Payload{payload})
	if err != nil {
		t.Fatal(err)
	}
	return encoded[0]
}

func expectDecoded(t *testing.T, codec EncryptionCodec, encoded, original *commonpb.Payload) {
	t.Helper()
	decoded, err := codec.Decode([]*commonpb.Payload{encoded})
	if err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(decoded[0], original) {
		t.Errorf("decoded %.200v instead of %.200v", decoded[0], original)
	}
}

func expectRefused(t *testing.T, codec EncryptionCodec, encoded *commonpb.Payload, words string) {
	t.Helper()
	_, err := codec.Decode([]*commonpb.Payload{encoded})
	if codecError := new(CodecError); !errors.As(err, &codecError) || !strings.Contains(err.Error(), words) {
		t.Errorf("got %v instead of a CodecError with %q", err, words)
	}
}

func TestEachVectorIsDecodedAndSurvivesEncoding(t *testing.T) {
	read, codec := readVectors(t)
	for _, vector := range read.Payloads {
		t.Run(vector.Name, func(t *testing.T) {
			original := vector.Decoded.payload()
			expectDecoded(t, codec, vector.Encoded.payload(), original)
			expectDecoded(t, codec, encode(t, codec, original), original)
		})
	}
}

func TestEachVectorThatMustBeRefusedIs(t *testing.T) {
	read, codec := readVectors(t)
	for _, vector := range read.Refused {
		t.Run(vector.Name, func(t *testing.T) { expectRefused(t, codec, vector.Encoded.payload(), "") })
	}
}

func TestTheFirstKeyEncryptsUnderANewNonce(t *testing.T) {
	_, codec := readVectors(t)
	original := &commonpb.Payload{Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: []byte(`"Example GmbH"`)}
	one, other := encode(t, codec, original), encode(t, codec, original)
	metadata := map[string][]byte{
		"encoding":          []byte("binary/encrypted"),
		"encryption-cipher": []byte("AES-256-GCM"),
		"encryption-key-id": []byte("2026-11"),
	}
	if !proto.Equal(&commonpb.Payload{Metadata: one.Metadata}, &commonpb.Payload{Metadata: metadata}) {
		t.Errorf("the metadata is %v", one.Metadata)
	}
	if bytes.Equal(one.Data[:12], other.Data[:12]) {
		t.Error("a nonce was used twice")
	}
	if bytes.Contains(one.Data, original.Data) {
		t.Error("the data is readable")
	}
	if again := encode(t, codec, one); !proto.Equal(again, one) {
		t.Error("what is encrypted was encrypted again")
	}
	expectDecoded(t, codec, original, original)
}

func TestCompressionBeginsAtItsLeastSizeAndEndsAtItsMost(t *testing.T) {
	_, codec := readVectors(t)
	for size, compression := range map[int]string{255: "", 256: "deflate", 4194304: "deflate", 4194305: ""} {
		original := payloadOfSize(t, size)
		encoded := encode(t, codec, original)
		if got := string(encoded.Metadata["compression"]); got != compression {
			t.Errorf("%d bytes: the compression is %q", size, got)
		}
		expectDecoded(t, codec, encoded, original)
	}
	noise := make([]byte, 1000)
	_, _ = rand.Read(noise)
	if _, ok := encode(t, codec, &commonpb.Payload{Data: noise}).Metadata["compression"]; ok {
		t.Error("what compression makes larger was compressed")
	}
}

func payloadOfSize(t *testing.T, size int) *commonpb.Payload {
	t.Helper()
	for length := size; length > 0; length-- {
		payload := &commonpb.Payload{Data: bytes.Repeat([]byte("a"), length)}
		if proto.Size(payload) == size {
			return payload
		}
	}
	t.Fatalf("no payload is %d bytes long", size)
	return nil
}

func TestWhatWasChangedIsRefused(t *testing.T) {
	_, codec := readVectors(t)
	sealed := encode(t, codec, &commonpb.Payload{Data: []byte("Example GmbH")})
	for index := range sealed.Data {
		changed := proto.Clone(sealed).(*commonpb.Payload)
		changed.Data[index] ^= 1
		expectRefused(t, codec, changed, "Compare the key rings")
		expectRefused(t, codec, &commonpb.Payload{Metadata: sealed.Metadata, Data: sealed.Data[:index]}, "Compare the key rings")
	}
	for _, change := range []struct{ field, value, words string }{
		{"encryption-key-id", "2025-11", "Compare the key rings"},
		{"encryption-key-id", "2024-11", `key "2024-11": add it`},
		{"encryption-key-id", "\xff\n", "names no key"},
		{"encryption-cipher", "AES-128-GCM", "use a newer codec"},
		{"compression", "deflate", "Compare the key rings"},
		{"compression", "none", "use a newer codec"},
		{"compression", "", "use a newer codec"},
	} {
		changed := proto.Clone(sealed).(*commonpb.Payload)
		changed.Metadata[change.field] = []byte(change.value)
		expectRefused(t, codec, changed, change.words)
	}
}

func TestWhatInflatesToTooMuchOrToNothingWholeIsRefused(t *testing.T) {
	_, codec := readVectors(t)
	bomb := deflated(make([]byte, 4194305))
	whole, err := proto.Marshal(&commonpb.Payload{Data: bytes.Repeat([]byte("a"), 300)})
	if err != nil {
		t.Fatal(err)
	}
	cut := deflated(whole)
	cut = cut[:len(cut)-1]
	for words, plaintexts := range map[string][][]byte{
		"larger than":           {bomb},
		"Compare the key rings": {cut, []byte("no zlib")},
	} {
		for _, plaintext := range plaintexts {
			sealed := encode(t, codec, &commonpb.Payload{})
			sealed.Metadata["compression"] = []byte(deflate)
			sealed.Data = codec.Keys.ciphers["2026-11"].Seal(nil, nil, plaintext, additionalData("2026-11", deflate))
			expectRefused(t, codec, sealed, words)
		}
	}
}

func deflated(plaintext []byte) []byte {
	var compressed bytes.Buffer
	writer := zlib.NewWriter(&compressed)
	_, _ = writer.Write(plaintext)
	_ = writer.Close()
	return compressed.Bytes()
}

func TestFailuresAreEncryptedButForTheirType(t *testing.T) {
	_, codec := readVectors(t)
	var options, keyless client.Options
	encryptWith(codec.Keys, &options)
	encryptWith(nil, &keyless)
	failure := options.FailureConverter.ErrorToFailure(temporal.NewApplicationError("Ada is unknown", "OrderRejected", "Lovelace"))
	for _, word := range []string{"Ada", "Lovelace"} {
		if strings.Contains(failure.String(), word) {
			t.Errorf("%q is readable", word)
		}
	}
	if failure.GetApplicationFailureInfo().GetType() != "OrderRejected" {
		t.Error("the type is not readable")
	}
	if err := keyless.FailureConverter.FailureToError(failure); err == nil || !strings.Contains(err.Error(), "no keys are set") {
		t.Errorf("without keys, it is %v", err)
	}
	var read *temporal.ApplicationError
	if !errors.As(options.FailureConverter.FailureToError(failure), &read) || read.Message() != "Ada is unknown" {
		t.Errorf("it is %v", read)
	}
}

func TestWithoutKeysNothingIsEncryptedAndWhatIsEncryptedIsRefused(t *testing.T) {
	_, codec := readVectors(t)
	clear := &commonpb.Payload{Data: []byte("1")}
	if !proto.Equal(encode(t, EncryptionCodec{}, clear), clear) {
		t.Error("it was changed")
	}
	expectRefused(t, EncryptionCodec{}, encode(t, codec, clear), "no keys are set: name the key ring in MARKETPLACE_CODEC_KEYS_FILE")
}

func TestWhatIsNoKeyRingIsRefusedWithoutKeyMaterial(t *testing.T) {
	const key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	for ring, words := range map[string]string{
		"secret":       "no JSON",
		"[]":           "no JSON",
		`{"keys": []}`: "must be an object",
		`{"keys": [{"id": "a b", "key": "` + key + `"}]}`:                                  "keys[0].id must",
		`{"keys": [{"id": "a", "key": "` + key + `"}, {"id": "a", "key": "` + key + `"}]}`: "keys[1].id is the ID of another",
		`{"keys": [{"id": "a", "key": "secret"}]}`:                                         "no base64",
		`{"keys": [{"id": "a", "key": "c2VjcmV0"}]}`:                                       "keys[0].key must be 32 bytes",
	} {
		if _, err := ParseKeyRing([]byte(ring)); err == nil || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "secret") {
			t.Errorf("got %v instead of %q", err, words)
		}
	}
	t.Setenv("MARKETPLACE_CODEC_KEYS_FILE", "no-such-file")
	if _, err := loadKeyRing(); err == nil || !strings.Contains(err.Error(), "MARKETPLACE_CODEC_KEYS_FILE: ") {
		t.Errorf("got %v for a file that is not there", err)
	}
}
