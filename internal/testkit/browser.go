package testkit

import (
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"testing"
)

// Browser returns a client that keeps cookies, follows redirects and hands every request to h without a network. dress, if
// there is one, may change a request before.
func Browser(t testing.TB, h http.Handler, dress func(*http.Request)) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, Transport: direct{h, dress}}
}

type direct struct {
	h     http.Handler
	dress func(*http.Request)
}

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	out := httptest.NewRecorder()
	r.RequestURI = r.URL.RequestURI()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	if d.dress != nil {
		d.dress(r)
	}
	d.h.ServeHTTP(out, r)
	res := out.Result()
	res.Request = r
	return res, nil
}
