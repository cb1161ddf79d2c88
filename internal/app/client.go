package app

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

const mostTile = 8 << 10 // bytes: 256 hashes

// readTile reads a tile of a log from where it is shown to everybody.
func readTile(ctx context.Context, address string) ([]byte, error) {
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("tile: %w", err)
	}
	client := http.Client{Timeout: 30 * time.Second}
	answer, err := client.Do(ask)
	if err != nil {
		return nil, fmt.Errorf("tile: %w", err)
	}
	defer answer.Body.Close() //nolint:errcheck // only read
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("tile %s: %s", address, answer.Status)
	}
	b, err := io.ReadAll(io.LimitReader(answer.Body, mostTile))
	if err != nil {
		return nil, fmt.Errorf("tile %s: %w", address, err)
	}
	return b, nil
}
