#include "redirector/http/serving.h"

void serving_set(struct serving *s, const struct conf *conf)
{
	s->atis = conf->http.apis & API_ATIS;
	s->ms = conf->http.apis & API_MS;
	s->secsipidx = conf->http.apis & API_SECSIPIDX;
	s->hosting = conf->hosting.serve;
	s->metrics = conf->http.metrics;
	s->page = conf->http.page;
}

void serving_add(const struct serving *on, const struct servers *s, struct routes *routes)
{
	atis_add(s->atis, &on->atis, routes);
	ms_add(s->ms, &on->ms, routes);
	secsipidx_add(s->secsipidx, &on->secsipidx, routes);
	hosting_add(s->hosting, &on->hosting, routes);
	metrics_add(s->metrics, &on->metrics, routes);
	health_add(s->health, routes);
	live_add(s->live, &on->page, routes);
}
