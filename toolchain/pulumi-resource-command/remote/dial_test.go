package remote

import (
	"context"
	"errors"
	"testing"
)

const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"

func TestHostKeyLines(t *testing.T) {
	for _, line := range []string{key, key + " root@host", "10.0.0.1 " + key, "[127.0.0.1]:2222 " + key} {
		parsed, err := parseHostKey(line)
		if err != nil || parsed.Type() != "ssh-ed25519" {
			t.Errorf("%q: %v", line, err)
		}
	}
	if _, err := parseHostKey("SHA256:abc"); err == nil {
		t.Error("a fingerprint is no key")
	}
}

func TestRetryCountsFailures(t *testing.T) {
	calls := 0
	err := retry(context.Background(), "Dial", 0, func() error { calls++; return errors.New("no") })
	if err == nil || err.Error() != "after 0 failed attempts: no" || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
}

func TestRetryEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	err := retry(ctx, "Dial", -1, func() error { cancel(); return errors.New("no") })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestDefaults(t *testing.T) {
	e := Endpoint{Host: "::1"}
	if e.address() != "[::1]:22" || e.limit() != 10 || e.timeout().Seconds() != 15 {
		t.Errorf("%s %d %s", e.address(), e.limit(), e.timeout())
	}
}
