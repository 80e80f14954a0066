package main

import (
	"bytes"
	"compress/zlib"
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"

	commonpb "go.temporal.io/api/common/v1"
	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"
)

// The format, which docs/codec.md specifies.
const (
	keysFile   = "MARKETPLACE_CODEC_KEYS_FILE"
	keysInline = "MARKETPLACE_CODEC_KEYS"

	encodingField    = "encoding"
	cipherField      = "encryption-cipher"
	keyIDField       = "encryption-key-id"
	compressionField = "compression"

	encrypted = "binary/encrypted"
	aes256GCM = "AES-256-GCM"
	deflate   = "deflate"

	// In bytes.
	keySize = 32
	// Smaller payloads gain nothing by compression, larger ones no Temporal server takes. In bytes.
	least, most = 256, 4 << 20
)

var keyIDPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// CodecError says why a payload cannot be read, and what to do.
type CodecError struct{ message string }

func (e *CodecError) Error() string { return e.message }

// KeyRing holds the keys: the first encrypts, all decrypt.
type KeyRing struct {
	first   string
	ciphers map[string]cipher.AEAD
}

// ParseKeyRing reads {"keys": [{"id": "2026-11", "key": "<32 bytes, base64>"}]}. An error has no key material.
func ParseKeyRing(text []byte) (*KeyRing, error) {
	var file struct {
		Keys []struct {
			ID  string `json:"id"`
			Key []byte `json:"key"`
		} `json:"keys"`
	}
	// A decoder's own error quotes what it could not read, which may be a key.
	if json.Unmarshal(text, &file) != nil {
		return nil, errors.New("it is no JSON of a key ring, or a key in it is no base64")
	}
	if len(file.Keys) == 0 {
		return nil, errors.New(`it must be an object with "keys", a list that has a key`)
	}
	ring := &KeyRing{first: file.Keys[0].ID, ciphers: map[string]cipher.AEAD{}}
	for index, key := range file.Keys {
		if !keyIDPattern.MatchString(key.ID) {
			return nil, fmt.Errorf(`keys[%d].id must be 1 to 64 letters, digits, ".", "_" or "-"`, index)
		}
		if ring.ciphers[key.ID] != nil {
			return nil, fmt.Errorf("keys[%d].id is the ID of another key too", index)
		}
		if len(key.Key) != keySize {
			return nil, fmt.Errorf("keys[%d].key must be %d bytes in base64, as `marketplace codec-key` makes them", index, keySize)
		}
		block, err := aes.NewCipher(key.Key)
		if err != nil {
			return nil, err
		}
		// Each message begins with a nonce of its own: 12 random bytes.
		if ring.ciphers[key.ID], err = cipher.NewGCMWithRandomNonce(block); err != nil {
			return nil, err
		}
	}
	return ring, nil
}

// EncryptionCodec is a converter.PayloadCodec. Without keys it encrypts nothing, and refuses what is encrypted with a
// message that says so.
type EncryptionCodec struct{ Keys *KeyRing }

// Encode encrypts with the first key.
func (c EncryptionCodec) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	return each(payloads, func(payload *commonpb.Payload) (*commonpb.Payload, error) {
		if c.Keys == nil || isEncrypted(payload) {
			return payload, nil
		}
		return c.Keys.encrypt(payload)
	})
}

// Decode leaves what is not encrypted as it is. Its error is a *CodecError.
func (c EncryptionCodec) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	return each(payloads, func(payload *commonpb.Payload) (*commonpb.Payload, error) {
		if !isEncrypted(payload) {
			return payload, nil
		}
		if c.Keys == nil {
			return nil, &CodecError{"the payload is encrypted, and no keys are set: name the key ring in " + keysFile + ", the workers' one"}
		}
		return c.Keys.decrypt(payload)
	})
}

func each(payloads []*commonpb.Payload, change func(*commonpb.Payload) (*commonpb.Payload, error)) ([]*commonpb.Payload, error) {
	changed := make([]*commonpb.Payload, len(payloads))
	for index, payload := range payloads {
		var err error
		if changed[index], err = change(payload); err != nil {
			return nil, err
		}
	}
	return changed, nil
}

func isEncrypted(payload *commonpb.Payload) bool {
	return string(payload.GetMetadata()[encodingField]) == encrypted
}

func (r *KeyRing) encrypt(payload *commonpb.Payload) (*commonpb.Payload, error) {
	plaintext, err := proto.Marshal(payload)
	if err != nil {
		return nil, err
	}
	metadata := map[string][]byte{
		encodingField: []byte(encrypted),
		cipherField:   []byte(aes256GCM),
		keyIDField:    []byte(r.first),
	}
	compression := "none"
	if smaller := compress(plaintext); len(smaller) < len(plaintext) {
		plaintext, compression = smaller, deflate
		metadata[compressionField] = []byte(deflate)
	}
	sealed := r.ciphers[r.first].Seal(nil, nil, plaintext, additionalData(r.first, compression))
	return &commonpb.Payload{Metadata: metadata, Data: sealed}, nil
}

func (r *KeyRing) decrypt(payload *commonpb.Payload) (*commonpb.Payload, error) {
	metadata := payload.GetMetadata()
	keyID := string(metadata[keyIDField])
	if !keyIDPattern.MatchString(keyID) {
		return nil, &CodecError{"the payload names no key that a key ring could have: no codec of ours made it"}
	}
	key, ok := r.ciphers[keyID]
	if !ok {
		return nil, &CodecError{fmt.Sprintf("the payload is encrypted with key %q: add it to the key ring, after the first key", keyID)}
	}
	compression := "none"
	named, isCompressed := metadata[compressionField]
	if isCompressed {
		compression = string(named)
	}
	if string(metadata[cipherField]) != aes256GCM || (isCompressed && compression != deflate) {
		return nil, &CodecError{"the payload has a cipher or a compression that is unknown here: use a newer codec"}
	}
	plaintext, err := key.Open(nil, nil, payload.GetData(), additionalData(keyID, compression))
	if err == nil && isCompressed {
		plaintext, err = inflate(plaintext)
	}
	original := &commonpb.Payload{}
	if err == nil {
		err = proto.Unmarshal(plaintext, original)
	}
	if tooLarge := new(CodecError); errors.As(err, &tooLarge) {
		return nil, tooLarge
	}
	if err != nil {
		return nil, &CodecError{fmt.Sprintf("the payload cannot be decrypted with key %q: it was changed, or the workers "+
			"have another key under that ID. Compare the key rings", keyID)}
	}
	return original, nil
}

// compress returns the plaintext itself where there is nothing to gain.
func compress(plaintext []byte) []byte {
	if len(plaintext) < least || len(plaintext) > most {
		return plaintext
	}
	var smaller bytes.Buffer
	// A buffer takes whatever is written to it.
	writer := zlib.NewWriter(&smaller)
	_, _ = writer.Write(plaintext)
	_ = writer.Close()
	return smaller.Bytes()
}

func inflate(compressed []byte) ([]byte, error) {
	reader, err := zlib.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, err
	}
	// Never more than one byte too many, whatever the payload holds.
	inflated, err := io.ReadAll(io.LimitReader(reader, most+1))
	if len(inflated) > most {
		return nil, &CodecError{fmt.Sprintf("the payload is larger than %d bytes once it is inflated: no codec of ours made it", most)}
	}
	return inflated, err
}

// additionalData is what is authenticated besides the plaintext: the metadata that decoding heeds.
func additionalData(keyID, compression string) []byte {
	return fmt.Appendf(nil, "%s=%s\n%s=%s\n%s=%s\n%s=%s",
		encodingField, encrypted, cipherField, aes256GCM, keyIDField, keyID, compressionField, compression)
}

// loadKeyRing reads the key ring that MARKETPLACE_CODEC_KEYS_FILE names; nil when it names none.
func loadKeyRing() (*KeyRing, error) {
	// Better a refusal than clear text where somebody meant to encrypt.
	if os.Getenv(keysInline) != "" {
		return nil, fmt.Errorf("%s is not read here: put the key ring into a file, and name it by %s", keysInline, keysFile)
	}
	file := os.Getenv(keysFile)
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", keysFile, err)
	}
	ring, err := ParseKeyRing(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", keysFile, err)
	}
	return ring, nil
}

// encryptWith makes a client encrypt what it says, failures included; without keys, it only says of what is encrypted
// that keys are missing.
func encryptWith(keys *KeyRing, options *client.Options) {
	data := converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), EncryptionCodec{keys})
	options.DataConverter = data
	options.FailureConverter = failureConverter{
		FailureConverter: temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
			DataConverter:          data,
			EncodeCommonAttributes: keys != nil,
		}),
		data: data,
	}
}

// failureConverter tells why a failure cannot be read, where the SDK's would say only "Encoded failure".
type failureConverter struct {
	converter.FailureConverter
	data converter.DataConverter
}

func (c failureConverter) FailureToError(failure *failurepb.Failure) error {
	for part := failure; part != nil; part = part.GetCause() {
		var attributes map[string]any
		if part.GetEncodedAttributes() == nil {
			continue
		}
		if err := c.data.FromPayload(part.GetEncodedAttributes(), &attributes); err != nil {
			return err
		}
	}
	return c.FailureConverter.FailureToError(failure)
}
