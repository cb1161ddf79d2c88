package letter

import (
	"bytes"
	"compress/zlib"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"
)

var (
	pdfStream = regexp.MustCompile(`(?s)stream\n(.*?)\nendstream`)
	pdfShown  = regexp.MustCompile(`(?s)\(((?:[^()\\]|\\.)*)\) ?Tj`)
	pdfPage   = regexp.MustCompile(`/Type /Page\b`)
	pdfEscape = regexp.MustCompile(`(?s)\\(.)`)
)

// pdfText reads a PDF of ours as a screen reader would: every text shown, in the order of the file.
func pdfText(t *testing.T, pdf []byte) (text string, pages int) {
	t.Helper()
	var out []string
	for _, m := range pdfStream.FindAllSubmatch(pdf, -1) {
		r, err := zlib.NewReader(bytes.NewReader(m[1]))
		if err != nil {
			continue
		}
		content, err := io.ReadAll(r)
		if err != nil || !bytes.Contains(content, []byte("Tj")) {
			continue
		}
		for _, shown := range pdfShown.FindAllSubmatch(content, -1) {
			out = append(out, utf16Text(pdfEscape.ReplaceAllFunc(shown[1], unescape)))
		}
	}
	return strings.Join(out, " "), len(pdfPage.FindAll(pdf, -1))
}

func unescape(escaped []byte) []byte {
	if escaped[1] == 'r' {
		return []byte{'\r'}
	}
	return escaped[1:]
}

func utf16Text(b []byte) string {
	units := make([]uint16, 0, len(b)/2)
	for i := 0; i+1 < len(b); i += 2 {
		units = append(units, uint16(b[i])<<8|uint16(b[i+1]))
	}
	return string(utf16.Decode(units))
}
