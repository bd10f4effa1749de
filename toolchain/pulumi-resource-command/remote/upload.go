package remote

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/pkg/sftp"
)

type target struct{ *sftp.Client }

// stat is nil for a path that does not exist.
func (t target) stat(name string) (fs.FileInfo, error) {
	info, err := t.Stat(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("failed to stat remote path %s: %w", name, err)
	}
	return info, nil
}

// write replaces the file's content; its directory is made where it is missing.
func (t target) write(name string, content io.Reader) error {
	if err := t.MkdirAll(path.Dir(name)); err != nil {
		return fmt.Errorf("failed to create parent directories for %s: %w", name, err)
	}
	file, err := t.Create(name)
	if err != nil {
		return fmt.Errorf("failed to create remote file %s: %w", name, err)
	}
	_, err = file.ReadFrom(content)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("failed to write to remote path %s: %w", name, err)
	}
	return nil
}

func (t target) text(content, name string) error {
	info, err := t.stat(name)
	if err != nil {
		return err
	}
	if info != nil && info.IsDir() {
		return fmt.Errorf("remote path %s is a directory; when using a text asset, remotePath must be a file path", name)
	}
	return t.write(name, strings.NewReader(content))
}

// path copies a file into an existing directory or onto name; a directory
// into name, or with a trailing slash its content.
func (t target) path(source, name string) error {
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	remote, err := t.stat(name)
	if err != nil {
		return err
	}
	base := filepath.Base(source)
	switch {
	case info.IsDir() && strings.HasSuffix(source, "/"):
		return t.directory(source, name)
	case info.IsDir():
		return t.directory(source, path.Join(name, base))
	case remote != nil && remote.IsDir():
		return t.file(source, path.Join(name, base))
	default:
		return t.file(source, name)
	}
}

func (t target) file(source, name string) error {
	content, err := os.Open(source)
	if err != nil {
		return err
	}
	defer content.Close()
	return t.write(name, content)
}

func (t target) directory(source, name string) error {
	tree := os.DirFS(source)
	return fs.WalkDir(tree, ".", func(entry string, item fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		remote := path.Join(name, entry)
		if !item.IsDir() {
			return t.file(filepath.Join(source, entry), remote)
		}
		info, err := t.stat(remote)
		if err == nil && info != nil && !info.IsDir() {
			return fmt.Errorf("remote path %s exists but is not a directory", remote)
		}
		if err == nil && info == nil {
			err = t.MkdirAll(remote)
		}
		return err
	})
}
