package db

// Waiting counts the closures in the queue, so that a test can fill a group before it lets the writer go on.
func (d *DB) Waiting() int {
	d.queue.mu.Lock()
	defer d.queue.mu.Unlock()
	n := 0
	for _, lane := range d.queue.lanes {
		n += len(lane)
	}
	return n
}

// StopWriter does what a failed fsync does.
func (d *DB) StopWriter(cause error) { d.stop(cause) }
