/*
 * Any bytes as a datagram: at most one answer, which a SIP parser reads, which
 * goes to where the bytes came from, and which holds no line of its own making.
 */
#include "redirector/sip/facts.h"
#include "tests/unit/rig.h"

#include <sofia-sip/msg_addr.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_parser.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool ok)
{
	if (!ok)
		abort();
}

static bool known(int status)
{
	static const int all[] = { 200, 300, 302, 400, 403, 405, 414,
				   416, 428, 436, 437, 438, 481, 503 };

	for (size_t i = 0; i < SK_COUNT(all); i++)
		if (all[i] == status)
			return true;
	return false;
}

static void check_parsed(const struct rig_answer *a)
{
	msg_t *msg = msg_make(sip_default_mclass(), 0, a->text, (ssize_t)a->len);
	const sip_t *sip = sip_object(msg);

	need(sip && sip->sip_status && sip->sip_via && known(sip->sip_status->st_status));
	need(!sip->sip_request && !sip->sip_expires && !sip->sip_payload);
	if (sip->sip_status->st_status / 100 == 3)
		need(sip->sip_contact && !sip->sip_contact->m_next);
	msg_destroy(msg);
}

static void check_lines(const struct rig_answer *a)
{
	need(strlen(a->text) == a->len);
	for (size_t i = 0; i < a->len; i++) {
		if (a->text[i] == '\n')
			need(i > 0 && a->text[i - 1] == '\r');
		if (a->text[i] == '\r')
			need(a->text[i + 1] == '\n');
	}
	need(strstr(a->text, "\r\n\r\n") == a->text + a->len - 4);
}

/* No amplifier: a request that is not whole gets no Identity. */
static bool is_complete(const uint8_t *data, size_t size)
{
	static struct facts facts;
	static struct scan scan;
	static char head[RIG_TEXT];
	struct return_path back;
	struct sk_buf out;
	struct sk_span bytes = { (const char *)data, size };

	memset(&facts, 0, sizeof(facts));
	need(addr_parse(SK_SPAN("127.0.0.1:5060"), &facts.source));
	sk_buf_init(&out, head, sizeof(head));
	return scan_message(bytes, FACTS_HEADERS_MAX, &scan) == SCAN_OK &&
	       facts_read(bytes, &scan, &facts, &out, &back) == FACTS_OK && facts.complete;
}

static void one(struct rig *r, int64_t later_ms, const uint8_t *data, size_t size)
{
	const struct rig_answer *a;

	r->mono += later_ms;
	rig_datagram(r, (const char *)data, size, 6060);
	need(rig_answers(r) <= 1 && front_waiting(r->front) == 0);
	a = rig_take_answer(r);
	need(r->counters.n[COUNT_ELSEWHERE] == 0);
	if (!a)
		return;
	need(a->to.sin_family == AF_INET && a->to.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
	check_lines(a);
	check_parsed(a);
	if (strstr(a->text, "\r\nIdentity: "))
		need(is_complete(data, size));
}

static struct rig *usual, *other, *shared;

static void put_away(void)
{
	rig_free(usual);
	rig_free(other);
	rig_free(shared);
}

/* Whose it is and how it is treated: by host, by header, by parameters and headers that say so. */
static const struct rig_tenant tenants[] = {
	{ "a", "match: {hosts: [sti.example.net, example.net]}\n" RIG_SIGN
	       "tenant: {trunk-parameter: otg}\nfunction: {parameter: qtype}\n"
	       "limits: {rate: 5, burst: 3, over: 302}\n"
	       "trunks: {t: {groups: [\"0002\"], attest: B, may-say: yes, rate: 1, burst: 1}}\n" },
	{ "b", "match: {headers: [b]}\n" RIG_SIGN "answer: {preset: asterisk, contact: source}\n"
	       "function: {header: X-Function}\nlimits: {rate: 1, burst: 1, over: silence}\n" },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!usual) {
		usual = rig_new(RIG_SIGN RIG_TRUST
				"log: {format: json}\nrecords: {calls: yes, numbers: hashed}\n"
				"verify: {fetch: no, certificates: {\"" RIG_X5U
				"\": \"@/chain.pem\"}}\n");
		other = rig_new(
			RIG_SIGN RIG_TRUST
			"verify: {fetch: no, on-failure: reject, identity-required: yes}\n"
			"tenant: {profile: man}\nsip: {in-dialog: 481}\n"
			"answer: {contact: request-uri, identity-in: [contact, x-identity], "
			"verstat-in: [contact-user, contact-pai, pai]}\n");
		shared =
			rig_new_with("verify: {fetch: no}\n"
				     "sip: {strangers: 403, source-rate: 10, source-burst: 3}\n"
				     "tenants: {header: X-Tenant, header-sources: [127.0.0.0/8]}\n",
				     tenants, SK_COUNT(tenants));
		atexit(put_away);
	}
	if (size > UDP_DATAGRAM_MAX + 10)
		return 0;
	one(usual, 40000, data, size);
	one(other, 40000, data, size);
	one(shared, 50, data, size); /* soon enough for limits and repeats */
	return 0;
}
