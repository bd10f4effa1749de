package process

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func text(s string) *string { return &s }

func TestCaptureKeepsStreamsApartAndTrimsOneNewline(t *testing.T) {
	c := NewCapture(nil, func(string) {})
	_, _ = c.Stdout().Write([]byte("a\n\n"))
	_, _ = c.Stderr().Write([]byte("b\n"))
	if got, want := c.Finish(), (Result{Stdout: "a\n", Stderr: "b"}); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := c.Both(); got != "a\n\nb\n" {
		t.Errorf("together: %q", got)
	}
}

func TestCaptureLogsWholeLinesOfTheChosenStreams(t *testing.T) {
	cases := map[string][]string{
		"":                {"one", "two", "oops", "three"},
		"stdoutAndStderr": {"one", "two", "oops", "three"},
		"stdout":          {"one", "two", "three"},
		"stderr":          {"oops"},
		"none":            nil,
	}
	for logging, want := range cases {
		var lines []string
		chosen := text(logging)
		if logging == "" {
			chosen = nil
		}
		c := NewCapture(chosen, func(line string) { lines = append(lines, line) })
		for _, part := range []string{"o", "ne\r\ntwo\nth", "ree"} {
			_, _ = c.Stdout().Write([]byte(part))
			if part == "o" {
				continue
			}
			if strings.HasPrefix(part, "ne") {
				_, _ = c.Stderr().Write([]byte("oops\n"))
			}
		}
		c.Finish()
		if !reflect.DeepEqual(lines, want) {
			t.Errorf("%q: got %q, want %q", logging, lines, want)
		}
	}
}

func TestCaptureCutsAnEndlessLineForTheLogOnly(t *testing.T) {
	var logged []string
	c := NewCapture(nil, func(line string) { logged = append(logged, line) })
	long := strings.Repeat("x", 3*longestLine)
	_, _ = c.Stdout().Write([]byte(long))
	if result := c.Finish(); result.Stdout != long {
		t.Errorf("output cut to %d", len(result.Stdout))
	}
	if strings.Join(logged, "") != long || len(logged) != 3 {
		t.Errorf("logged %d pieces", len(logged))
	}
}

func TestPreviousOutputIsOfferedUnlessDeclined(t *testing.T) {
	last := Result{Stdout: "out"}
	if got, want := (Common{}).Previous(last), []Variable{{StdoutVariable, "out"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	declined := false
	if got := (Common{AddPreviousOutputInEnv: &declined}).Previous(last); got != nil {
		t.Errorf("declined, got %v", got)
	}
}

func TestForUpdateFallsBackToCreate(t *testing.T) {
	if got := (Lifecycle{Create: text("c")}).ForUpdate(); *got != "c" {
		t.Errorf("got %q", *got)
	}
	if got := (Lifecycle{Create: text("c"), Update: text("u")}).ForUpdate(); *got != "u" {
		t.Errorf("got %q", *got)
	}
}

func TestFailureNamesCauseCommandAndOutput(t *testing.T) {
	got := Failure(errors.New("exit status 3"), "false x", "last words\n").Error()
	if want := "exit status 3: running \"false x\":\nlast words\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
