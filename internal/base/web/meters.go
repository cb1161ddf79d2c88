package web

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// meters count answers by route pattern; no path value, person or case is ever a label.
type meters struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

func newMeters(r *prometheus.Registry) meters {
	m := meters{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "amtsweg_http_requests_total", Help: "Answers by route, method and status.",
		}, []string{"route", "method", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "amtsweg_http_request_seconds", Help: "Time from the request to the end of the answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route", "method"}),
	}
	r.MustRegister(m.requests, m.duration)
	return m
}

func (m meters) observe(route, verb string, status int, took time.Duration) {
	_, pathOnly, found := cut(route)
	if found {
		route = pathOnly
	}
	m.requests.WithLabelValues(route, method(verb), strconv.Itoa(status)).Inc()
	m.duration.WithLabelValues(route, method(verb)).Observe(took.Seconds())
}
