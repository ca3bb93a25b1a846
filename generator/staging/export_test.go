package staging

// SecretForms is the number of forms that DetectSecret knows.
func SecretForms() int { return len(secretForms) }

// SecretFormsIn returns the indexes of the forms that a text matches.
func SecretFormsIn(text string) (forms []int) {
	scanSecrets(text, allForms, func(_ SecretFinding, index int) bool {
		forms = append(forms, index)
		return true
	})
	return forms
}

// EntropyOf returns the entropy of a text, in bits per character.
func EntropyOf(text string) float64 {
	var counts [256]int
	for i := range len(text) {
		counts[text[i]]++
	}
	return entropyOf(&counts, len(text))
}
