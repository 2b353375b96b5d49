package main

import (
	"strings"
	"testing"
)

func TestGreeting(t *testing.T) {
	if got := greeting("you"); !strings.HasSuffix(got, ", you") {
		t.Errorf("greeting says %q", got)
	}
}
