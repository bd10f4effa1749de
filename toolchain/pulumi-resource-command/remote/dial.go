package remote

import (
	"context"
	"fmt"
	"net"
	"time"

	provider "github.com/pulumi/pulumi-go-provider"
	"golang.org/x/crypto/ssh"
)

// The pause between dials grows from first to longest.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
	pauseGrowth  = 1.5
)

type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// dial connects and logs in, through the proxy where there is one.
func (c Connection) dial(ctx context.Context) (*ssh.Client, error) {
	if c.Proxy == nil {
		return c.Endpoint.client(ctx, "Dial", (&net.Dialer{}).DialContext)
	}
	proxy, err := c.Proxy.client(ctx, "Dial proxy", (&net.Dialer{}).DialContext)
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	client, err := c.Endpoint.client(ctx, "Dial from proxy", proxy.DialContext)
	if err != nil {
		_ = proxy.Close()
		return nil, fmt.Errorf("proxy: %w", err)
	}
	go func() {
		_ = client.Wait()
		_ = proxy.Close()
	}()
	return client, nil
}

func (e Endpoint) client(ctx context.Context, what string, dial dialer) (*ssh.Client, error) {
	config, done, err := e.login()
	if err != nil {
		return nil, err
	}
	defer done()
	var client *ssh.Client
	err = retry(ctx, what, e.limit(), func() error {
		client, err = handshake(ctx, dial, e.address(), config)
		return err
	})
	return client, err
}

// handshake is one dial and login, both within the dial's timeout.
func handshake(
	ctx context.Context, dial dialer, address string, config *ssh.ClientConfig,
) (*ssh.Client, error) {
	if config.Timeout > 0 {
		limited, cancel := context.WithTimeout(ctx, config.Timeout)
		defer cancel()
		ctx = limited
	}
	conn, err := dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	sshConn, channels, requests, err := ssh.NewClientConn(conn, address, config)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return ssh.NewClient(sshConn, channels, requests), nil
}

// retry allows limit failures before the one that is reported; -1 allows any number.
func retry(ctx context.Context, what string, limit int, attempt func() error) error {
	pause := firstPause
	for failures := 1; ; failures++ {
		err := attempt()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if limit >= 0 && failures > limit {
			return fmt.Errorf("after %d failed attempts: %w", limit, err)
		}
		shown := "inf"
		if limit >= 0 {
			shown = fmt.Sprint(limit)
		}
		provider.GetLogger(ctx).InfoStatusf("%s %d/%s failed: retrying", what, failures, shown)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		pause = min(time.Duration(float64(pause)*pauseGrowth), longestPause)
	}
}
