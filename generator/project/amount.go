package project

import (
	"fmt"
	"regexp"
	"strconv"
)

// Amount is an amount of money in plain decimal digits: 0.0316.
type Amount float64

// amount admits only the plain form: a sign, an exponent, an infinity or a unit is no price.
var amount = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})(\.[0-9]{1,9})?$`)

// UnmarshalText parses 0.0316.
func (a *Amount) UnmarshalText(text []byte) error {
	if !amount.Match(text) {
		return fmt.Errorf("%q is not an amount of money: write a number such as 0.0316, from 0 to 999999999, without a currency", text)
	}
	v, err := strconv.ParseFloat(string(text), 64)
	*a = Amount(v)
	return err
}

// MarshalText formats the amount for UnmarshalText.
func (a Amount) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// String formats the amount for UnmarshalText.
func (a Amount) String() string { return strconv.FormatFloat(float64(a), 'f', -1, 64) }
