package rights

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"octopod/generator/staging"
)

// Version names the content of a record: it differs when anything of the record
// does, and moves with nothing else.
func Version(s staging.Staging) string {
	text, _ := json.Marshal(s.Document()) // strings, numbers and times
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}
