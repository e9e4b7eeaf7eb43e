/*
 * RFC 9111, 4.2, for a shared cache.  What surprises: nothing a header says can
 * shorten the life below the floor (ATIS-1000074 asks for a day), so the parser
 * only has to be right about what makes it longer.
 */
#include "redirector/certs/freshness.h"

#include "shaken/date.h"

#include <time.h>

enum {
	SECONDS_MAX = INT32_MAX, /* what is more counts as this (RFC 9111, 1.2.2) */
};

void freshness_init(struct freshness *f)
{
	*f = (struct freshness){
		.max_age = -1, .s_maxage = -1, .age = -1, .date = -1, .expires = -1
	};
}

/* delta-seconds, bare or quoted (RFC 9111, 1.2.2 and 5.2); -1: none. */
static int64_t parse_seconds(struct sk_span s)
{
	int64_t n = 0;

	if (s.len >= 2 && s.ptr[0] == '"' && s.ptr[s.len - 1] == '"')
		s = (struct sk_span){ s.ptr + 1, s.len - 2 };
	if (s.len == 0)
		return -1;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return -1;
		n = n * 10 + (s.ptr[i] - '0');
		n = n > SECONDS_MAX ? SECONDS_MAX : n;
	}
	return n;
}

/* All three forms of a date must be read (RFC 9110, 5.6.7). */
static bool parse_date(struct sk_span s, int64_t *out)
{
	static const char *const old_forms[] = { "%A, %d-%b-%y %H:%M:%S GMT",
						 "%a %b %e %H:%M:%S %Y" };
	char text[48];

	if (sk_date_parse(s, out))
		return true;
	if (s.len == 0 || s.len >= sizeof(text))
		return false;
	memcpy(text, s.ptr, s.len);
	text[s.len] = '\0';
	for (size_t i = 0; i < SK_COUNT(old_forms); i++) {
		struct tm tm = { .tm_isdst = 0 };
		const char *end = strptime(text, old_forms[i], &tm);

		if (end == text + s.len) {
			*out = timegm(&tm);
			return *out >= 0;
		}
	}
	return false;
}

/* Where the list member that begins at the front ends: at a comma outside quotes. */
static size_t member_end(struct sk_span s)
{
	bool quoted = false;
	size_t i = 0;

	for (; i < s.len; i++) {
		if (s.ptr[i] == '"')
			quoted = !quoted;
		else if (quoted && s.ptr[i] == '\\' && i + 1 < s.len)
			i++;
		else if (!quoted && s.ptr[i] == ',')
			break;
	}
	return i;
}

/* The first of two wins; a value that is none makes the answer stale (RFC 9111, 4.2.1). */
static void set_seconds(int64_t *field, struct sk_span value)
{
	if (*field < 0)
		*field = parse_seconds(value);
	if (*field < 0)
		*field = 0;
}

static void directive(struct freshness *f, struct sk_span member)
{
	const char *equals = member.len ? memchr(member.ptr, '=', member.len) : NULL;
	struct sk_span name = member, value = { "", 0 };

	if (equals) {
		name.len = (size_t)(equals - member.ptr);
		value = (struct sk_span){ equals + 1, member.len - name.len - 1 };
	}
	name = sk_span_trim(name);
	value = sk_span_trim(value);
	if (sk_span_eq_nocase(name, SK_SPAN("max-age")))
		set_seconds(&f->max_age, value);
	else if (sk_span_eq_nocase(name, SK_SPAN("s-maxage")))
		set_seconds(&f->s_maxage, value);
	else if (sk_span_eq_nocase(name, SK_SPAN("no-store")) ||
		 sk_span_eq_nocase(name, SK_SPAN("no-cache")) ||
		 sk_span_eq_nocase(name, SK_SPAN("private")))
		f->no_store = true;
}

static void cache_control(struct freshness *f, struct sk_span value)
{
	while (value.len > 0) {
		size_t end = member_end(value);
		size_t step = end < value.len ? end + 1 : end;

		directive(f, sk_span_trim((struct sk_span){ value.ptr, end }));
		value = (struct sk_span){ value.ptr + step, value.len - step };
	}
}

/* Kept only when it can be sent back as it is (RFC 9110, 8.8.3). */
static void set_etag(struct freshness *f, struct sk_span value)
{
	struct sk_span opaque = value;

	if (value.len >= sizeof(f->etag))
		return;
	if (opaque.len > 2 && memcmp(opaque.ptr, "W/", 2) == 0)
		opaque = (struct sk_span){ opaque.ptr + 2, opaque.len - 2 };
	if (opaque.len < 2 || opaque.ptr[0] != '"' || opaque.ptr[opaque.len - 1] != '"')
		return;
	for (size_t i = 1; i < opaque.len - 1; i++)
		if (opaque.ptr[i] <= 0x20 || opaque.ptr[i] == '"' || opaque.ptr[i] == 0x7f)
			return;
	memcpy(f->etag, value.ptr, value.len);
	f->etag[value.len] = '\0';
}

void freshness_header(struct freshness *f, struct sk_span line)
{
	const char *colon = line.len ? memchr(line.ptr, ':', line.len) : NULL;
	struct sk_span name, value;

	if (!colon)
		return;
	name = (struct sk_span){ line.ptr, (size_t)(colon - line.ptr) };
	value = sk_span_trim((struct sk_span){ colon + 1, line.len - name.len - 1 });
	if (sk_span_eq_nocase(name, SK_SPAN("cache-control"))) {
		cache_control(f, value);
	} else if (sk_span_eq_nocase(name, SK_SPAN("age"))) {
		if (f->age < 0)
			f->age = parse_seconds(value);
	} else if (sk_span_eq_nocase(name, SK_SPAN("date"))) {
		if (f->date < 0 && !parse_date(value, &f->date))
			f->date = -1;
	} else if (sk_span_eq_nocase(name, SK_SPAN("expires"))) {
		/* "0" and other nonsense means: in the past (RFC 9111, 5.3) */
		if (f->expires < 0 && !parse_date(value, &f->expires))
			f->expires = 0;
	} else if (sk_span_eq_nocase(name, SK_SPAN("etag"))) {
		set_etag(f, value);
	}
}

/* RFC 9111, 4.2.1. */
static int64_t lifetime(const struct freshness *f, int64_t received)
{
	if (f->no_store)
		return 0;
	if (f->s_maxage >= 0)
		return f->s_maxage;
	if (f->max_age >= 0)
		return f->max_age;
	if (f->expires >= 0)
		return f->expires - (f->date >= 0 ? f->date : received);
	return 0;
}

/* RFC 9111, 4.2.3. */
static int64_t current_age(const struct freshness *f, int64_t received)
{
	int64_t apparent = f->date >= 0 && f->date < received ? received - f->date : 0;

	return f->age > apparent ? f->age : apparent;
}

int64_t freshness_keep(const struct freshness *f, int64_t received, int64_t floor,
		       int64_t not_after)
{
	int64_t keep = lifetime(f, received) - current_age(f, received);

	if (keep < floor)
		keep = floor;
	if (not_after < received)
		return 0;
	return keep < not_after - received ? keep : not_after - received;
}
