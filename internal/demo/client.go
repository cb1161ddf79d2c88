package demo

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/lifeevent"
)

var (
	statementInPage = regexp.MustCompile(`name="uebergabe" value="([^"]+)"`)
	markInPage      = regexp.MustCompile(`id="merkmal">([^<]+)<`)
)

// errPage says that a page was not the one that was expected.
var errPage = errors.New("demo: not the page that was expected")

// Refer goes through the portal's pages as a browser without scripts does: it presses the portal's button and then the
// one that hands over. base is the address of the site, such as "http://localhost:8080". The answer is what the handover
// led to, redirects followed as client follows them; its body is the caller's to close.
func Refer(ctx context.Context, client *http.Client, base string, t Tenancy, handing Handing, letting Letting) (*http.Response, error) {
	if len(t.People) == 0 {
		return nil, fmt.Errorf("%w: nobody to hand over", errPage)
	}
	who := t.People[0]
	page, err := read(send(ctx, client, base+handPath, url.Values{
		"vornamen": {who.Given}, "familienname": {who.Family}, "geburtstag": {who.Birth.String()}, "einzug": {t.MovedIn.String()},
		"wohnung_street": {t.Home.Street}, "wohnung_house": {t.Home.House}, "wohnung_postcode": {t.Home.Postcode}, "wohnung_town": {t.Home.Town},
		"personen": {names(t.People)}, "art": {string(handing)}, "vermieter": {string(letting)},
	}))
	if err != nil {
		return nil, fmt.Errorf("at the portal: %w", err)
	}
	m := statementInPage.FindStringSubmatch(page)
	if m == nil {
		return nil, fmt.Errorf("at the portal: %w", errPage)
	}
	return send(ctx, client, base+lifeevent.Handover, url.Values{"uebergabe": {html.UnescapeString(m[1])}})
}

// ConfirmAsLandlord fills in the landlord's page for a home and returns the reference mark to hand on.
func ConfirmAsLandlord(ctx context.Context, client *http.Client, base string, t Tenancy) (mark string, err error) {
	l := LandlordOf(t.Home)
	page, err := read(send(ctx, client, base+"/wohnungsgeber", url.Values{ //nolint:bodyclose // read closes it
		"name": {l.Name}, "sitz_street": {l.Address.Street}, "sitz_house": {l.Address.House}, "sitz_postcode": {l.Address.Postcode},
		"sitz_town": {l.Address.Town}, "eigentuemer": {l.Owner}, "einzug": {t.MovedIn.String()}, "personen": {names(t.People)}, "berechtigt": {"ja"},
		"wohnung_street": {t.Home.Street}, "wohnung_house": {t.Home.House}, "wohnung_postcode": {t.Home.Postcode}, "wohnung_town": {t.Home.Town},
	}))
	if err != nil {
		return "", fmt.Errorf("on the landlord's page: %w", err)
	}
	m := markInPage.FindStringSubmatch(page)
	if m == nil {
		return "", fmt.Errorf("on the landlord's page: %w", errPage)
	}
	return m[1], nil
}

func send(ctx context.Context, client *http.Client, address string, form url.Values) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "text/html")
	return client.Do(r)
}

// read returns a page, which must be a good one.
func read(res *http.Response, err error) (text string, _ error) {
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }() // read to its end or given up
	body, err := io.ReadAll(io.LimitReader(res.Body, 4*web.MaxBody))
	if err != nil {
		return "", err
	}
	if res.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%w: %s", errPage, res.Status)
	}
	return string(body), nil
}
