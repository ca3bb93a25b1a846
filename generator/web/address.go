package web

import "strings"

// cutScheme returns what follows the scheme of an address of the web, for example
// "shop.example.com/pull/42", and whether the text is such an address.
func cutScheme(text string) (place string, isAddress bool) {
	_, place, isAddress = strings.Cut(text, "://")
	return strings.TrimRight(place, "/"), isAddress
}
