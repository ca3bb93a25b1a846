package staging

import "strings"

// keyLength is the length of an AWS secret key.
const keyLength = 40

// keyByte marks the characters of base64, the alphabet of keys.
var keyByte = func() (of [256]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" {
		of[c] = true
	}
	return of
}()

// findKeys finds random keys of 40 characters that no name gives away. It jumps: a run of
// 40 characters covers one of every 40 positions.
func (s *secretScan) findKeys(form int) {
	text := s.text
	for at := keyLength - 1; at < len(text); {
		if !keyByte[text[at]] {
			at += keyLength
			continue
		}
		start, end := at, at+1
		for start > 0 && keyByte[text[start-1]] {
			start--
		}
		for end < len(text) && keyByte[text[end]] {
			end++
		}
		if end-start == keyLength && s.stands(start, end) && looksLikeKey(text[start:end]) && !s.report(form, start, end) {
			return
		}
		at = end + keyLength
	}
}

// stands reports whether a run of characters is a value of its own: not a part of a longer
// word, and not a line of a block, such as the last one of a certificate.
func (s *secretScan) stands(start, end int) bool {
	const before, after = " \t\n\"'`=:,([{<>|;", " \t\r\n\"'`,)]}<>|;&"
	if start > 0 && !strings.ContainsRune(before, rune(s.text[start-1])) || end < len(s.text) && !strings.ContainsRune(after, rune(s.text[end])) {
		return false
	}
	from := strings.LastIndexByte(s.text[:start], '\n') + 1
	to := len(s.text)
	if i := strings.IndexByte(s.text[end:], '\n'); i >= 0 {
		to = end + i
	}
	if strings.Contains(s.text[from:start], "ENC[") { // encrypted by SOPS
		return false
	}
	alone := strings.TrimSpace(s.text[from:start]) == "" && strings.TrimSpace(s.text[end:to]) == ""
	return !alone || from == 0 && strings.TrimSpace(s.text[to:]) == ""
}

// looksLikeKey reports whether 40 characters of base64 are random. Hashes have no capitals,
// and names and paths change between capitals, small letters and digits a few times only.
func looksLikeKey(text string) bool {
	const fewest, changesLeast, entropyLeast = 5, 17, 4.2 // a random key has 25 changes, and an entropy of 4.8
	var counts [256]int
	var classes [4]int
	changes, last := 0, -1
	for i := range len(text) {
		class := keyClass(text[i])
		if last >= 0 && class != last {
			changes++
		}
		last = class
		classes[class]++
		counts[text[i]]++
	}
	return !strings.HasSuffix(text, "EXAMPLEKEY") && classes[0] >= fewest && classes[1] >= fewest && classes[2] > 0 && changes >= changesLeast && entropyOf(&counts, len(text)) >= entropyLeast
}

// keyClass returns the class of a character: capital, small letter, digit, other.
func keyClass(c byte) int {
	switch {
	case c >= 'A' && c <= 'Z':
		return 0
	case c >= 'a' && c <= 'z':
		return 1
	case c >= '0' && c <= '9':
		return 2
	}
	return 3
}
