package main

import (
	"net/http/httptest"
	"testing"
	"testing/fstest"
)

func TestAnswers(t *testing.T) {
	handler := site{fstest.MapFS{
		"index.html":    {Data: []byte("home")},
		"index.html.gz": {Data: []byte("packed")},
		"a/index.html":  {Data: []byte("a")},
		"404.html":      {Data: []byte("missing")},
	}}
	cases := []struct {
		method, path, accept string
		status               int
		body                 string
	}{
		{"GET", "/", "", 200, "home"},
		{"GET", "/", "br, gzip", 200, "packed"},
		{"GET", "/a/", "gzip", 200, "a"},
		{"GET", "/a", "", 404, "missing"},
		{"GET", "/../server.go", "", 404, "missing"},
		{"HEAD", "/", "", 200, ""},
		{"POST", "/", "", 405, "Only GET and HEAD are answered.\n"},
	}
	for _, want := range cases {
		request := httptest.NewRequest(want.method, "http://localhost/", nil)
		request.URL.Path = want.path
		request.Header.Set("Accept-Encoding", want.accept)
		got := httptest.NewRecorder()
		handler.ServeHTTP(got, request)
		if got.Code != want.status || got.Body.String() != want.body {
			t.Errorf("%s %s: %d %q, want %d %q", want.method, want.path, got.Code, got.Body, want.status, want.body)
		}
		if packed := got.Header().Get("Content-Encoding") == "gzip"; packed != (want.body == "packed") {
			t.Errorf("%s %s: Content-Encoding gzip is %v", want.method, want.path, packed)
		}
	}
}
