package staging

import "net/http"

// HTTPStatus returns the HTTP status of the code, 500 for an unknown one. A server has no
// other table: the API, the pages, sign-ins and webhooks all use it.
func (c Code) HTTPStatus() int {
	switch c {
	case CodeInvalid:
		return http.StatusUnprocessableEntity
	case CodeNotFound:
		return http.StatusNotFound
	case CodeConflict, CodeExists, CodePinned, CodeFailed:
		return http.StatusConflict
	case CodeTimeout:
		return http.StatusGatewayTimeout
	case CodeUnauthorized:
		return http.StatusUnauthorized
	case CodeForbidden:
		return http.StatusForbidden
	case CodeUnavailable, CodeBusy:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// ForeignHTTPStatus is HTTPStatus for requests in a format of others: sign-ins and webhooks.
// It has one exception: an invalid request is malformed, so identity providers and forges get
// a 400. The API and the pages reject input that they could parse, which is a 422.
func (c Code) ForeignHTTPStatus() int {
	if c == CodeInvalid {
		return http.StatusBadRequest
	}
	return c.HTTPStatus()
}
