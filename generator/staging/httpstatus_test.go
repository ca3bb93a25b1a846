package staging_test

import (
	"testing"

	"octopod/generator/staging"
)

func TestHTTPStatusOfCodes(t *testing.T) {
	for code, want := range map[staging.Code]struct{ status, foreign int }{
		staging.CodeInternal: {500, 500}, staging.CodeInvalid: {422, 400}, staging.CodeNotFound: {404, 404},
		staging.CodeBusy: {503, 503}, staging.CodeConflict: {409, 409}, staging.CodeExists: {409, 409}, staging.CodePinned: {409, 409}, staging.CodeFailed: {409, 409},
		staging.CodeTimeout: {504, 504}, staging.CodeUnauthorized: {401, 401}, staging.CodeForbidden: {403, 403},
		staging.CodeUnavailable: {503, 503}, "": {500, 500}, "unknown": {500, 500},
	} {
		if code.HTTPStatus() != want.status || code.ForeignHTTPStatus() != want.foreign {
			t.Errorf("%q: %d, foreign %d, want %v", code, code.HTTPStatus(), code.ForeignHTTPStatus(), want)
		}
	}
}
