package app_test

import (
	"testing"

	"github.com/amtsweg/amtsweg/internal/app"
	"github.com/amtsweg/amtsweg/internal/base/config"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

func TestALiveDatabaseHasNoMadeUpPeopleAndOffersNothingThatRestsOnMadeUpLaw(t *testing.T) {
	conf := config.Config{Listen: "localhost:8080", Node: "amtsweg"}
	conf.Data, conf.Database = t.TempDir(), testkit.SQLite(t)
	n, err := app.Open(t.Context(), app.Options{Config: conf, Clock: testkit.Clock})
	if err != nil {
		t.Fatal(err)
	}
	if n.World != nil {
		t.Error("a live database has a made-up world")
	}
	for _, ed := range n.Procedure.Offers() {
		t.Errorf("%s is offered although %v is made up", ed.Service, ed.Marked())
	}
	for _, r := range n.Web.Routes() {
		if len(r.Path) > 5 && r.Path[:6] == "/demo/" {
			t.Errorf("a live installation answers %s", r.Path)
		}
	}
	list, err := n.Authorities.List(t.Context())
	if err != nil || len(list) != 0 {
		t.Errorf("%d authorities (%v)", len(list), err)
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
}
