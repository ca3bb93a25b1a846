package web

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// search finds rows by words. Every word must occur in a text of the row, exactly or
// with skipped letters (lgn finds login). A pasted address finds the row that it
// belongs to.
type search struct {
	words     []string
	addresses []string // without scheme
}

func newSearch(query string) search {
	const mostWords, longest, longestAddress = 8, 64, 400
	var s search
	for _, word := range strings.Fields(strings.ToLower(query)) {
		if len(s.words)+len(s.addresses) == mostWords {
			break
		}
		if place, isAddress := cutScheme(word); isAddress {
			s.addresses = append(s.addresses, place[:min(len(place), longestAddress)])
		} else {
			s.words = append(s.words, word[:min(len(word), longest)])
		}
	}
	return s
}

func (s search) empty() bool { return len(s.words)+len(s.addresses) == 0 }

// Ranks of a match. Rows with a higher rank come first.
const (
	rankLetters = 1 // the letters of the word, in order and close together
	rankInside  = 4
	rankStart   = 6 // at the start of a word of the text
	rankWhole   = 9
	rankAddress = 9
)

// rank returns how well a row matches, with the people who acted on it; 0 if it does
// not.
func (s search) rank(r *cachedRow, p people) int {
	for _, address := range s.addresses {
		if !slices.ContainsFunc(r.places, func(place string) bool { return isWithin(address, place) }) {
			return 0
		}
	}
	return s.rankTexts(r.lowerTexts, p.names(r.Name)...)
}

// isWithin reports whether an address is a place or a page of it, or the beginning of
// its name.
func isWithin(address, place string) bool {
	if strings.HasPrefix(place, address) {
		return true
	}
	at := strings.Index(address, place)
	if at < 0 || at > 0 && place[0] != '/' {
		return false
	}
	rest := address[at+len(place):]
	return rest == "" || strings.ContainsAny(rest[:1], "/?#")
}

// rankTexts returns how well lowercase texts match; 0 if a word is in none of them. The
// first text, the name, counts twice.
func (s search) rankTexts(texts []string, more ...string) int {
	total := rankAddress * len(s.addresses)
	for _, word := range s.words {
		best := 0
		for i, text := range texts {
			rank, _, _ := find(word, text)
			if i == 0 {
				rank *= 2
			}
			best = max(best, rank)
		}
		for _, text := range more {
			rank, _, _ := find(word, text)
			best = max(best, rank)
		}
		if best == 0 {
			return 0
		}
		total += best
	}
	return total
}

// find searches a lowercase text for a lowercase word. places holds the offsets of
// matching letters; nil for an exact match.
func find(word, text string) (rank, from int, places []int) {
	if at := strings.Index(text, word); at >= 0 {
		switch {
		case len(word) == len(text):
			rank = rankWhole
		case startsWord(text, at):
			rank = rankStart
		default:
			rank = rankInside
		}
		return rank, at, nil
	}
	if utf8.RuneCountInString(word) < 3 {
		return 0, 0, nil
	}
	for at := 0; ; at++ {
		next := strings.IndexByte(text[at:], word[0])
		if next < 0 {
			return 0, 0, nil
		}
		if at += next; !startsWord(text, at) {
			continue
		}
		if places := letters(word, text, at); places != nil {
			return rankLetters, at, places
		}
	}
}

func startsWord(text string, at int) bool {
	return at == 0 || !isWord(text[at-1])
}

func isWord(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c >= utf8.RuneSelf }

// letters returns the offsets of the bytes of a word, in order from at on. It skips
// fewer bytes than it matches.
func letters(word, text string, at int) []int {
	last := text[at:min(len(text), at+2*len(word))]
	if strings.LastIndexByte(last, word[len(word)-1]) < len(word)-1 { // most texts end here, without an allocation
		return nil
	}
	places := make([]int, 0, len(word))
	next := 0
	for i := at; i < len(text) && i < at+2*len(word); i++ {
		if text[i] == word[next] {
			places = append(places, i)
			if next++; next == len(word) {
				return places
			}
		}
	}
	return nil
}

// textPart is a matching or other part of a text.
type textPart struct {
	Text  string
	Found bool
}

// highlight splits a text into matching and other parts.
func (s search) highlight(text string) []textPart {
	lower := strings.ToLower(text)
	if s.empty() || text == "" || len(lower) != len(text) { // offsets differ where a lowercase letter is longer
		return []textPart{{Text: text}}
	}
	found := make([]bool, len(text))
	for _, word := range s.words {
		rank, from, places := find(word, lower)
		switch {
		case rank == 0:
		case places == nil:
			for i := range len(word) {
				found[from+i] = true
			}
		default:
			for _, i := range places {
				found[i] = true
			}
		}
	}
	return cut(text, found)
}

// cut splits a text between matching and other bytes, never inside a UTF-8 letter.
func cut(text string, found []bool) []textPart {
	var pieces []textPart
	begin := 0
	for i := 1; i <= len(text); i++ {
		if i == len(text) || found[i] != found[begin] && utf8.RuneStart(text[i]) {
			pieces = append(pieces, textPart{text[begin:i], found[begin]})
			begin = i
		}
	}
	return pieces
}

func lower(texts []string) []string {
	for i, text := range texts {
		texts[i] = strings.ToLower(text)
	}
	return texts
}
