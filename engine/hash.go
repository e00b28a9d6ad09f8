package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
)

// HashFiles is the SHA-256, in hexadecimal, of files one after the other. It ends early when ctx does.
func HashFiles(ctx context.Context, files []string) (string, error) {
	h := sha256.New()
	for _, f := range files {
		if err := hashInto(ctx, h, f); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func hashInto(ctx context.Context, w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := io.CopyN(w, f, 16<<20); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("hashing %s: %w", path, err)
		}
	}
}
