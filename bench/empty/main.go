// Empty is the server that does nothing: what starting costs before a line of ours runs. It opens a SQLite file, makes
// twenty tables and answers with a count.
package main

import (
	"database/sql"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	_ "github.com/jackc/pgx/v5/pgxpool"
	_ "modernc.org/sqlite"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address")
	data := flag.String("data", "", "file")
	flag.Parse()
	db, err := sql.Open("sqlite", "file:"+*data+"?_pragma=journal_mode(WAL)")
	if err != nil {
		log.Fatal(err)
	}
	for i := range 20 {
		if _, err := db.Exec(fmt.Sprintf("CREATE TABLE IF NOT EXISTS t%d (id INTEGER PRIMARY KEY, a TEXT, b BLOB)", i)); err != nil {
			log.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	go func() {
		<-ended
		os.Exit(0)
	}()
	log.Fatal(http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var n int
		if err := db.QueryRowContext(r.Context(), "SELECT count(*) FROM t1").Scan(&n); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, n)
	})))
}
