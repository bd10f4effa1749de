package process

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

// longestLine bounds one logged line; a longer one is logged in pieces.
const longestLine = 32 * 1024

// Capture keeps both streams apart for the outputs and together for an error,
// and hands each complete line to the log as it comes.
type Capture struct {
	mu       sync.Mutex
	both     bytes.Buffer
	out, err stream
}

type stream struct {
	parent *Capture
	all    bytes.Buffer
	line   []byte
	log    func(string)
}

// NewCapture logs the streams that logging names (nil: both) through log.
func NewCapture(logging *string, log func(string)) *Capture {
	c := &Capture{}
	c.out.parent, c.err.parent = c, c
	if logging == nil || *logging == "stdoutAndStderr" || *logging == "stdout" {
		c.out.log = log
	}
	if logging == nil || *logging == "stdoutAndStderr" || *logging == "stderr" {
		c.err.log = log
	}
	return c
}

// Stdout is where the command's standard output goes.
func (c *Capture) Stdout() io.Writer { return &c.out }

// Stderr is where the command's standard error goes.
func (c *Capture) Stderr() io.Writer { return &c.err }

// Both is everything written so far, in the order it came.
func (c *Capture) Both() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.both.String()
}

// Finish logs what is left without a newline and returns the outputs.
func (c *Capture) Finish() Result {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.flush()
	c.err.flush()
	return Result{
		Stdout: strings.TrimSuffix(c.out.all.String(), "\n"),
		Stderr: strings.TrimSuffix(c.err.all.String(), "\n"),
	}
}

func (s *stream) Write(data []byte) (int, error) {
	s.parent.mu.Lock()
	defer s.parent.mu.Unlock()
	s.all.Write(data)
	s.parent.both.Write(data)
	if s.log == nil {
		return len(data), nil
	}
	for rest := data; len(rest) > 0; {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			s.line = append(s.line, rest...)
			break
		}
		s.line = append(s.line, rest[:end]...)
		s.flushLine()
		rest = rest[end+1:]
	}
	for len(s.line) > longestLine {
		s.log(strings.ToValidUTF8(string(s.line[:longestLine]), ""))
		s.line = s.line[longestLine:]
	}
	return len(data), nil
}

func (s *stream) flush() {
	if s.log != nil && len(s.line) > 0 {
		s.flushLine()
	}
}

func (s *stream) flushLine() {
	s.log(strings.ToValidUTF8(strings.TrimSuffix(string(s.line), "\r"), "\uFFFD"))
	s.line = s.line[:0]
}
