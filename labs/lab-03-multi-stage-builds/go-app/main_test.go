package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestAnswers(t *testing.T) {
	cases := []struct {
		path   string
		status int
		body   string
	}{
		{"/", http.StatusOK, "Hello from a small image!\n"},
		{"/health", http.StatusOK, "ok\n"},
		{"/nowhere", http.StatusNotFound, "404 page not found\n"},
	}
	for _, c := range cases {
		t.Run(c.path, func(t *testing.T) {
			recorder := httptest.NewRecorder()
			newHandler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, c.path, nil))

			if recorder.Code != c.status || recorder.Body.String() != c.body {
				t.Errorf("got %d %q, want %d %q", recorder.Code, recorder.Body, c.status, c.body)
			}
		})
	}
}
