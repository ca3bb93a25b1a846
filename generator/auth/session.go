package auth

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"strings"
	"time"

	"octopod/generator/staging"
)

// Names of the cookies. Browsers accept a __Host- cookie only over https and only
// from the host itself, for all its paths: a staging on another host of the domain
// cannot plant one.
const (
	secureCookie  = "__Host-"
	sessionCookie = "octopod-session"
	flowCookie    = "octopod-sign-in"
)

// maxCookie is the size that every browser stores, name and attributes included.
const maxCookie = 4096 - 200

// expired is the lifetime that makes a browser delete a cookie.
const expired = -time.Second

// flowTime limits the time that a person spends at the provider.
const flowTime = 10 * time.Minute

// sessions writes and reads the cookies of sessions and of sign-ins under way.
type sessions struct {
	sessionSealer  sealer
	flowSealer     sealer
	idle, lifetime time.Duration
	secure         bool
	now            func() time.Time
}

// session is the content of the cookie; its JSON names are short to save space.
type session struct {
	ID      string   `json:"i"`
	Subject string   `json:"s"`
	Name    string   `json:"n"`
	Email   string   `json:"e,omitempty"`
	Groups  []string `json:"g,omitempty"`
	Since   int64    `json:"t"` // signed in
	Seen    int64    `json:"l"` // last used, within a tenth of the idle time
}

// start begins a new session for a person. It ignores cookies that the browser had
// before.
func (s *sessions) start(w http.ResponseWriter, identity Identity) error {
	now := s.now().Unix()
	return s.write(w, session{
		ID: rand.Text(), Subject: identity.Subject, Name: identity.Person.Name, Email: identity.Person.Email,
		Groups: identity.Groups, Since: now, Seen: now,
	})
}

func (s *sessions) write(w http.ResponseWriter, v session) error {
	text, err := s.sessionSealer.seal(v)
	if err != nil {
		return err
	}
	if len(text) > maxCookie {
		return staging.Errorf(staging.CodeInvalid, "you are in too many groups (%d) for a session", len(v.Groups)).
			WithHint("an operator can list the groups to keep in the server's configuration: auth.keepGroups")
	}
	s.set(w, sessionCookie, text, s.end(v).Sub(s.now()))
	return nil
}

// read returns the person of the session cookie, and renews the cookie now and then.
// Without a cookie it returns a stranger and no error.
func (s *sessions) read(w http.ResponseWriter, r *http.Request) (Identity, error) {
	text, err := s.get(r, sessionCookie)
	if text == "" || err != nil {
		return Identity{}, err
	}
	var v session
	if err := s.sessionSealer.open(text, &v); err != nil {
		return Identity{}, staging.Errorf(staging.CodeUnauthorized, "this server did not issue the session").WithHint("sign in again")
	}
	now, end := s.now(), s.end(v)
	if !now.Before(end) {
		return Identity{}, staging.Errorf(staging.CodeUnauthorized, "the session has ended").WithHint("sign in again")
	}
	if now.Sub(time.Unix(v.Seen, 0)) > s.idle/10 {
		v.Seen = now.Unix()
		if err := s.write(w, v); err != nil {
			return Identity{}, err
		}
	}
	return Identity{
		Person: staging.Person{Name: v.Name, Email: v.Email}, Subject: v.Subject, Groups: v.Groups,
		Method: MethodSession, Expires: time.Unix(v.Since, 0).Add(s.lifetime),
	}, nil
}

// end returns when a session expires if nobody uses it any more.
func (s *sessions) end(v session) time.Time {
	idle, lifetime := time.Unix(v.Seen, 0).Add(s.idle), time.Unix(v.Since, 0).Add(s.lifetime)
	if idle.Before(lifetime) {
		return idle
	}
	return lifetime
}

// clear removes the session from the browser.
func (s *sessions) clear(w http.ResponseWriter) { s.set(w, sessionCookie, "", expired) }

// flow is a sign-in under way. A cookie ties it to its browser.
type flow struct {
	State    string `json:"s"`
	Nonce    string `json:"n"`
	Verifier string `json:"v"`
	Next     string `json:"x"`
	Until    int64  `json:"u"`
}

// maxFlows bounds the sign-ins under way in one browser, which may reopen several
// pages at once. A further sign-in drops the oldest.
const maxFlows = 4

// cookie returns the name of the flow's cookie: several pages may sign in at once.
func (f flow) cookie() string { return flowCookie + "-" + f.State[:min(8, len(f.State))] }

func (s *sessions) begin(w http.ResponseWriter, r *http.Request, f flow) error {
	f.Until = s.now().Add(flowTime).Unix()
	text, err := s.flowSealer.seal(f)
	if err != nil {
		return err
	}
	s.dropFlows(w, r)
	s.set(w, f.cookie(), text, flowTime)
	return nil
}

// dropFlows drops the oldest sign-ins under way. Otherwise another site could fill
// the browser with cookies until its requests become too large.
func (s *sessions) dropFlows(w http.ResponseWriter, r *http.Request) {
	var names []string
	for _, cookie := range r.Cookies() {
		if strings.HasPrefix(cookie.Name, s.name(flowCookie)) {
			names = append(names, strings.TrimPrefix(cookie.Name, s.name("")))
		}
	}
	for len(names) >= maxFlows {
		s.set(w, names[0], "", expired) // browsers send the oldest first
		names = names[1:]
	}
}

// finish returns the sign-in under way for a state, and deletes its cookie.
func (s *sessions) finish(w http.ResponseWriter, r *http.Request, state string) (flow, error) {
	name := flow{State: state}.cookie()
	text, err := s.get(r, name)
	if err != nil {
		return flow{}, err
	}
	var f flow
	if s.flowSealer.open(text, &f) != nil || s.now().Unix() >= f.Until ||
		subtle.ConstantTimeCompare([]byte(state), []byte(f.State)) != 1 {
		return flow{}, staging.Errorf(staging.CodeUnauthorized, "no such sign-in is under way in this browser, or it took too long").
			WithHint("sign in again, and allow cookies of this site")
	}
	s.set(w, name, "", expired)
	return f, nil
}

// get returns a cookie's value. It rejects two cookies of one name: another host
// planted one of them, and nothing shows which.
func (s *sessions) get(r *http.Request, name string) (string, error) {
	cookies := r.CookiesNamed(s.name(name))
	switch len(cookies) {
	case 0:
		return "", nil
	case 1:
		return cookies[0].Value, nil
	}
	return "", staging.Errorf(staging.CodeUnauthorized, "the browser sends %d cookies named %s", len(cookies), s.name(name)).
		WithHint("delete the cookies of this site and sign in again")
}

func (s *sessions) set(w http.ResponseWriter, name, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: s.name(name), Value: value, Path: "/", MaxAge: int(life.Seconds()),
		HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode,
	})
}

func (s *sessions) name(name string) string {
	if s.secure {
		return secureCookie + name
	}
	return name
}
