package auth

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"strings"
	"time"

	"octopod/generator/staging"
)

// Names of the cookies. Browsers take a __Host- cookie only over https, only from
// this very host and only for all of it: a staging on a neighbouring host
// cannot plant one.
const (
	secureCookie  = "__Host-"
	sessionCookie = "octopod-session"
	flowCookie    = "octopod-sign-in"
)

// maxCookie is what every browser keeps, name and attributes included.
const maxCookie = 4096 - 200

// gone is the life of a cookie that is to be deleted.
const gone = -time.Second

// flowTime is how long a person may take at the provider.
const flowTime = 10 * time.Minute

// sessions turns people into cookies and back.
type sessions struct {
	sealed         seal
	flows          seal
	idle, lifetime time.Duration
	secure         bool
	now            func() time.Time
}

// session is what the cookie holds, in few letters.
type session struct {
	ID      string   `json:"i"`
	Subject string   `json:"s"`
	Name    string   `json:"n"`
	Email   string   `json:"e,omitempty"`
	Groups  []string `json:"g,omitempty"`
	Since   int64    `json:"t"` // signed in
	Seen    int64    `json:"l"` // last used, within a tenth of the idle time
}

// start gives a person a session of its own: nothing that the browser had before
// goes into it.
func (s *sessions) start(w http.ResponseWriter, identity Identity) error {
	now := s.now().Unix()
	return s.write(w, session{
		ID: rand.Text(), Subject: identity.Subject, Name: identity.Person.Name, Email: identity.Person.Email,
		Groups: identity.Groups, Since: now, Seen: now,
	})
}

func (s *sessions) write(w http.ResponseWriter, v session) error {
	text, err := s.sealed.close(v)
	if err != nil {
		return err
	}
	if len(text) > maxCookie {
		return staging.Errorf(staging.CodeInvalid, "you are in too many groups (%d) for a session", len(v.Groups)).
			WithHint("the server's configuration can name those that matter: auth.keepGroups")
	}
	s.set(w, sessionCookie, text, s.end(v).Sub(s.now()))
	return nil
}

// read gives the person of a cookie, with a fresh cookie when it was last used a
// while ago. It is nobody and no error where there is no cookie.
func (s *sessions) read(w http.ResponseWriter, r *http.Request) (Identity, error) {
	text, err := s.get(r, sessionCookie)
	if text == "" || err != nil {
		return Identity{}, err
	}
	var v session
	if err := s.sealed.open(text, &v); err != nil {
		return Identity{}, staging.Errorf(staging.CodeUnauthorized, "the session is not one of this server").WithHint("sign in again")
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

// end is when a session ends if it is not used any more.
func (s *sessions) end(v session) time.Time {
	idle, lifetime := time.Unix(v.Seen, 0).Add(s.idle), time.Unix(v.Since, 0).Add(s.lifetime)
	if idle.Before(lifetime) {
		return idle
	}
	return lifetime
}

// forget removes the session from the browser.
func (s *sessions) forget(w http.ResponseWriter) { s.set(w, sessionCookie, "", gone) }

// flow is a sign-in under way. A cookie ties it to the browser it began in.
type flow struct {
	State    string `json:"s"`
	Nonce    string `json:"n"`
	Verifier string `json:"v"`
	Next     string `json:"x"`
	Until    int64  `json:"u"`
}

// mostFlows is how many sign-ins may be under way in one browser, which opens
// all its pages of yesterday at once. With more the oldest no longer count.
const mostFlows = 4

// cookie names the cookie of a flow: each of several pages has its own.
func (f flow) cookie() string { return flowCookie + "-" + f.State[:min(8, len(f.State))] }

func (s *sessions) begin(w http.ResponseWriter, r *http.Request, f flow) error {
	f.Until = s.now().Add(flowTime).Unix()
	text, err := s.flows.close(f)
	if err != nil {
		return err
	}
	s.dropFlows(w, r)
	s.set(w, f.cookie(), text, flowTime)
	return nil
}

// dropFlows keeps another site from filling the browser with sign-ins that nobody
// finishes, until no request gets through for its cookies.
func (s *sessions) dropFlows(w http.ResponseWriter, r *http.Request) {
	var names []string
	for _, cookie := range r.Cookies() {
		if strings.HasPrefix(cookie.Name, s.name(flowCookie)) {
			names = append(names, strings.TrimPrefix(cookie.Name, s.name("")))
		}
	}
	for len(names) >= mostFlows {
		s.set(w, names[0], "", gone) // browsers send the oldest first
		names = names[1:]
	}
}

// finish gives the sign-in under way that a state belongs to, which thereby is no
// longer.
func (s *sessions) finish(w http.ResponseWriter, r *http.Request, state string) (flow, error) {
	name := flow{State: state}.cookie()
	text, err := s.get(r, name)
	if err != nil {
		return flow{}, err
	}
	var f flow
	if s.flows.open(text, &f) != nil || s.now().Unix() >= f.Until ||
		subtle.ConstantTimeCompare([]byte(state), []byte(f.State)) != 1 {
		return flow{}, staging.Errorf(staging.CodeUnauthorized, "no such sign-in is under way in this browser, or it took too long").
			WithHint("sign in again, and allow cookies of this site")
	}
	s.set(w, name, "", gone)
	return f, nil
}

// get gives a cookie's value. Two of one name mean that somebody else planted
// one, and which is which cannot be told.
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
