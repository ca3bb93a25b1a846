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
