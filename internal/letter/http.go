package letter

import (
	"embed"
	"errors"
	"io"
	"net/http"
	"path"
	"strings"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/web"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed brief.css
var style []byte

// Routes registers the public page that checks a letter by its files, and the sheet with which originals are shown.
func (s *Service) Routes(w *web.Server) {
	w.Templates("letter", templates)
	w.Handle("GET", "/siegel", web.Public, s.sealPage)
	w.Handle("POST", "/siegel", web.Public, s.checkSeal)
	w.Handle("GET", "/brief.css", web.Public, func(c *web.Call) error {
		c.W.Header().Set("Cache-Control", "public, max-age=86400")
		return c.Bytes("text/css; charset=utf-8", style)
	})
}

type sealPage struct {
	web.Page
	Checked bool
	Genuine bool
	Why     string // what is wrong with the files
	Letter  Document
	Day     clock.Date
}

func (s *Service) sealPage(c *web.Call) error {
	return c.Render(http.StatusOK, "letter/siegel.html", sealPage{Page: web.Page{Title: c.T("letter.seal.title")}})
}

// checkSeal checks three uploaded files and shows the result. Nothing of them is kept or logged.
func (s *Service) checkSeal(c *web.Call) error {
	p := sealPage{Page: web.Page{Title: c.T("letter.seal.title")}, Checked: true}
	files, err := uploaded(c.R)
	if err == nil {
		p.Letter, err = s.Check(c.Context(), files[".html"], files[".json"], files[".sig"])
	}
	switch {
	case err == nil:
		p.Genuine, p.Day = true, clock.DateOf(p.Letter.Issued)
	case fault.Is(err, fault.Invalid):
		p.Why = c.Say(err)
	default:
		return err
	}
	status := http.StatusOK
	if !p.Genuine {
		status = http.StatusUnprocessableEntity
	}
	return c.Render(status, "letter/siegel.html", p)
}

// uploaded reads the three files of a letter from a form, by the endings of their names. The whole body is bounded by
// package web.
func uploaded(r *http.Request) (map[string][]byte, error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "letter.error.files", err)
	}
	files := map[string][]byte{}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, unreadable(err)
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return nil, unreadable(err)
		}
		ending := strings.ToLower(path.Ext(part.FileName()))
		if _, twice := files[ending]; twice {
			return nil, fault.New(fault.Invalid, "letter.error.files")
		}
		files[ending] = content
	}
	if files[".html"] == nil || files[".json"] == nil || files[".sig"] == nil {
		return nil, fault.New(fault.Invalid, "letter.error.files")
	}
	return files, nil
}

func unreadable(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return fault.Wrap(fault.TooLarge, "letter.error.large", err)
	}
	return fault.Wrap(fault.Invalid, "letter.error.files", err)
}
