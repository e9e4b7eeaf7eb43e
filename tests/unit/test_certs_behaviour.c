/*
 * What certificates' memory does, said as stories (certs_script.h) that go the same
 * way each time: fake clock, fake network, fake store.
 */
#include "certs_chains.h"
#include "certs_replay.h"
#include "certs_script.h"
#include "tests/check.h"

/* clang-format off */
static const struct {
	const char *name, *story;
} rows[] = {
	/* one fetch, many calls */
	{ "the first call waits for the fetch", "ask a waits; fetches 1; 200 good; told 1 ok fetch; fetches 0" },
	{ "the second is answered from memory", "ask a waits; 200 good; ask a ok memory; started 1" },
	{ "one fetch for 100 waiting calls", "many 100 a; fetches 1; count joined 99; 200 good; told 100 ok fetch; started 1" },
	{ "100 calls, one failure", "many 100 a; end FETCH_TIMEOUT; told 100 FETCH_TIMEOUT; started 1" },
	{ "two addresses, two fetches", "ask a waits; ask b waits; fetches 2; 200 good; told 1 ok; 200 good; told 1 ok" },
	{ "upper case in the path is another address", "ask a waits; 200 good; ask A waits; fetches 1" },
	{ "a slow answer is kept for the next call", "ask a waits; leave; pass 1h; fetches 1; 200 good; told 0 ok; ask a ok memory" },
	{ "a slow failure too", "ask a waits; leave; end FETCH_TIMEOUT; ask a FETCH_TIMEOUT; started 1" },
	{ "who asks again after leaving joins the fetch", "ask a waits; leave; ask a waits; fetches 1; 200 good; told 1 ok fetch" },
	{ "too many wait", "set waiting 3; many 3 a; ask a BUSY; ask b BUSY; fetches 1; 200 good; told 3 ok; ask a ok memory" },
	{ "the place of who left is free", "set waiting 1; ask a waits; leave; ask a waits; count joined 1" },

	/* how long */
	{ "a day is the floor", "ask a waits; 200 good; pass 86399s; ask a ok memory; pass 1s; ask a waits" },
	{ "renewed ahead, the call answered from memory", "ask a waits; 200 good; pass 22h; ask a ok memory; fetches 1; count background 1" },
	{ "not before nine tenths", "ask a waits; 200 good; pass 77759s; ask a ok memory; fetches 0; pass 1s; ask a ok memory; fetches 1" },
	{ "once at a time", "ask a waits; 200 good; pass 22h; ask a ok memory; ask a ok memory; ask a ok memory; fetches 1" },
	{ "the renewed one is fresh again", "ask a waits; 200 good; pass 22h; ask a ok memory; 200 good; pass 23h; ask a ok memory; started 3; ask a ok memory; started 3" },
	{ "no-store has the floor", "ask a waits; 200 good Cache-Control: no-store; pass 21h; ask a ok memory; started 1" },
	{ "no-cache has the floor", "ask a waits; 200 good Cache-Control: no-cache, max-age=999999; pass 86400s; ask a waits" },
	{ "private has the floor", "ask a waits; 200 good Cache-Control: private; pass 86400s; ask a waits" },
	{ "max-age shorter than the floor", "ask a waits; 200 good Cache-Control: max-age=60; pass 21h; ask a ok memory; started 1" },
	{ "max-age longer", "ask a waits; 200 good Cache-Control: max-age=864000; pass 200h; ask a ok memory; started 1; pass 20h; ask a ok memory; started 2; pass 20h; ask a waits" },
	{ "s-maxage goes before max-age", "ask a waits; 200 good Cache-Control: max-age=864000, s-maxage=172800; pass 47h; ask a ok memory; pass 1h; ask a waits" },
	{ "s-maxage before a shorter max-age", "ask a waits; 200 good Cache-Control: max-age=5, s-maxage=172800; pass 43h; ask a ok memory; started 1" },
	{ "Age is taken off", "ask a waits; 200 good Cache-Control: max-age=172800 | Age: 43200; pass 35h; ask a ok memory; pass 1h; ask a waits" },
	{ "Age beyond all measure: the floor", "ask a waits; 200 good Cache-Control: max-age=172800 | Age: 99999999999999999999; pass 23h; ask a ok memory; pass 1h; ask a waits" },
	{ "Expires", "ask a waits; 200 good Date: Fri, 25 Sep 2015 19:12:30 GMT | Expires: Sun, 27 Sep 2015 19:12:30 GMT; pass 47h; ask a ok memory; pass 1h; ask a waits" },
	{ "max-age goes before Expires", "ask a waits; 200 good Cache-Control: max-age=90000 | Expires: Fri, 25 Dec 2015 19:12:30 GMT; pass 25h; ask a waits" },
	{ "Expires: 0", "ask a waits; 200 good Expires: 0; pass 23h; ask a ok memory; pass 1h; ask a waits" },
	{ "Expires that is no date", "ask a waits; 200 good Expires: next week; pass 24h; ask a waits" },
	{ "Date ahead of our clock", "ask a waits; 200 good Date: Fri, 25 Sep 2015 23:12:30 GMT | Cache-Control: max-age=90000; pass 89999s; ask a ok memory; pass 1s; ask a waits" },
	{ "Date behind our clock", "ask a waits; 200 good Date: Fri, 25 Sep 2015 07:12:30 GMT | Cache-Control: max-age=172800; pass 35h; ask a ok memory; pass 1h; ask a waits" },
	{ "another floor", "set lifetime 600; ask a waits; 200 good; pass 599s; ask a ok memory; pass 1s; ask a waits" },

	/* stale, for want of better */
	{ "stale when the renewal fails", "ask a waits; 200 good; pass 24h; ask a waits; end FETCH_CONNECT; told 1 ok memory" },
	{ "stale when it comes with nonsense", "ask a waits; 200 good; pass 24h; ask a waits; 200 html; told 1 ok memory" },
	{ "stale up to 24 h", "ask a waits; 200 good; pass 24h; ask a waits; end FETCH_DNS; told 1 ok; pass 86399s; ask a ok memory" },
	{ "and not beyond", "ask a waits; 200 good; pass 24h; ask a waits; end FETCH_DNS; told 1 ok; pass 24h; ask a waits; end FETCH_DNS; told 1 FETCH_DNS nowhere" },
	{ "stale while the next one is sought", "ask a waits; 200 good; pass 24h; ask a waits; end FETCH_DNS; told 1 ok; pass 30s; ask a ok memory; fetches 1; end FETCH_DNS; pass 59s; ask a ok memory; fetches 0; pass 1s; ask a ok memory; fetches 1" },
	{ "stale when the network is full", "ask a waits; 200 good; pass 24h; refuse BUSY; ask a ok memory; count busy 1" },
	{ "a renewal ahead that fails harms nobody", "ask a waits; 200 good; pass 22h; ask a ok memory; end FETCH_STATUS; ask a ok memory; fetches 0; pass 30s; ask a ok memory; fetches 1" },

	/* ends */
	{ "the leaf ends while in memory", "ask a waits; 200 short; pass 54m; ask a ok memory; fetches 1; pass 361s; ask a waits; 200 short; told 1 CERT_EXPIRED" },
	{ "never past notAfter, whatever the headers say", "ask a waits; 200 short Cache-Control: max-age=9999999; kept 1 1h" },
	{ "no stale answer past notAfter", "ask a waits; 200 short; pass 3601s; ask a waits; end FETCH_CONNECT; told 1 FETCH_CONNECT nowhere" },
	{ "the issuer ends before the leaf", "ask a waits; 200 issuer; ask a ok memory; pass 3661s; ask a CERT_EXPIRED memory; fetches 1; 200 good; ask a ok memory" },
	{ "an ended leaf is not kept for others", "pass 2h; ask a waits; 200 short; told 1 CERT_EXPIRED; kept 0; ask a CERT_EXPIRED; started 1" },
	{ "the new leaf after the old one's end", "ask a waits; 200 short; pass 3601s; ask a waits; 200 good; told 1 ok fetch" },
	{ "a leap day up to the second before its last", "at 1835481598; ask a waits; 200 leap; told 1 ok fetch; ask a ok memory" },
	{ "and not in the month after it", "at 1835481598; ask a waits; 200 leap; told 1 ok; pass 2s; ask a CERT_EXPIRED memory" },
	{ "a life over the leap day ends with it", "at 1835395200; ask a waits; 200 leap Cache-Control: max-age=999999; kept 1 86399s" },
	{ "a day from 28 February is 29 February", "at 1835308800; ask a waits; 200 leap; kept 1 24h" },
	{ "before the leaf begins", "at 1832975999; ask a waits; 200 leap; told 1 CERT_NOT_YET; pass 30s; ask a waits; 200 leap; told 1 ok" },

	/* clocks that jump */
	{ "the clock an hour back", "ask a waits; 200 good; jump -1h; ask a ok memory; pass 21h; ask a ok memory; started 1; pass 3h; ask a waits" },
	{ "the clock an hour ahead", "ask a waits; 200 good; jump 1h; ask a ok memory; pass 21h; ask a ok memory; started 1" },
	{ "the clock a day ahead", "ask a waits; 200 good; jump 1d; ask a ok memory; pass 21h; ask a ok memory; started 1" },
	{ "ahead past the leaf's end, and set right", "ask a waits; 200 short; jump 1d; ask a CERT_EXPIRED memory; jump -1d; ask a ok memory; started 1" },
	{ "back before the leaf's begin, and set right", "at 1833000000; ask a waits; 200 leap; jump -1d; ask a CERT_NOT_YET; jump 1d; ask a ok memory" },
	{ "a failure does not last longer for it", "ask a waits; end FETCH_DNS; told 1 FETCH_DNS; jump -1d; pass 30s; ask a waits" },

	/* failures */
	{ "a failure is remembered for 30 s", "ask a waits; end FETCH_CONNECT; told 1 FETCH_CONNECT nowhere; pass 29s; ask a FETCH_CONNECT; pass 1s; ask a waits" },
	{ "then for twice as long", "ask a waits; end FETCH_DNS; pass 30s; ask a waits; end FETCH_TLS; told 1 FETCH_TLS; pass 59s; ask a FETCH_TLS; pass 1s; ask a waits" },
	{ "doubled each time", "ask a waits; leave; end FETCH_DNS; pass 30s; ask a waits; leave; end FETCH_DNS; pass 59s; ask a FETCH_DNS; pass 1s; ask a waits; leave; end FETCH_TLS; pass 119s; ask a FETCH_TLS; pass 1s; ask a waits" },
	{ "from 30 s again after a success", "set lifetime 60; ask a waits; leave; end FETCH_DNS; pass 30s; ask a waits; leave; 200 good; pass 2d; ask a waits; leave; end FETCH_DNS; pass 30s; ask a waits" },
	{ "a failure of one address is not another's", "ask a waits; end FETCH_DNS; told 1 FETCH_DNS; ask b waits" },
	{ "the queue is full: not remembered", "refuse BUSY; ask a BUSY; refuse ok; ask a waits; count busy 1; entries 1" },
	{ "waited too long in the queue: not remembered", "ask a waits; end BUSY; told 1 BUSY; entries 0; ask a waits" },
	{ "the host has its share: nobody asked, not remembered", "refuse FETCH_TIMEOUT; ask a FETCH_TIMEOUT; refuse ok; ask a waits; 200 good; told 1 ok fetch" },
	{ "nor does it make a later failure longer", "refuse FETCH_TIMEOUT; ask a FETCH_TIMEOUT; ask a FETCH_TIMEOUT; ask a FETCH_TIMEOUT; refuse ok; ask a waits; end FETCH_DNS; told 1 FETCH_DNS; pass 29s; ask a FETCH_DNS; pass 1s; ask a waits" },
	{ "an address that may not be asked: remembered", "refuse FETCH_REFUSED; ask a FETCH_REFUSED; refuse ok; ask a FETCH_REFUSED; pass 30s; ask a waits" },
	{ "a host left alone: asked as soon as it is back", "breaker 1; ask a waits; end FETCH_CONNECT; told 1 FETCH_CONNECT; ask b FETCH_CONNECT; ask b FETCH_CONNECT; started 1; pass 30s; ask b waits; 200 good; told 1 ok fetch" },
	{ "memory failed: not remembered", "ask a waits; end ENOMEM; told 1 ENOMEM; ask a waits" },

	/* the breaker */
	{ "a host that fails is left alone", "breaker 2; ask a waits; end FETCH_DNS; ask b waits; end FETCH_DNS; told 1 FETCH_DNS; ask c FETCH_DNS; started 2" },
	{ "another host is not", "breaker 1; ask a waits; end FETCH_DNS; told 1 FETCH_DNS; ask b.example/a waits" },
	{ "one trial after 30 s, the others are spared", "breaker 1; ask a waits; leave; end FETCH_TLS; pass 30s; ask b waits; ask c FETCH_TLS; started 2; 200 good; told 1 ok; ask d waits" },
	{ "stale when the host is left alone", "breaker 1; ask a waits; 200 good; told 1 ok; ask b waits; leave; pass 24h; ask c waits; end FETCH_CONNECT; told 1 FETCH_CONNECT; ask a ok memory; started 3" },
	{ "404s of strangers' paths do not matter", "breaker 2; set entries 9; ask a waits; leave; end FETCH_STATUS; ask b waits; leave; end FETCH_STATUS; ask c waits; leave; end FETCH_STATUS; ask d waits; 200 good; told 1 ok fetch" },

	/* tags */
	{ "a renewal asks with the tag", "ask a waits; 200 good ETag: \"one\"; pass 22h; ask a ok memory; tag \"one\"" },
	{ "304 makes it fresh again", "ask a waits; 200 good ETag: \"one\"; pass 24h; ask a waits; 304; told 1 ok fetch; count not_modified 1; pass 21h; ask a ok memory; started 2" },
	{ "304 keeps the tag", "ask a waits; 200 good ETag: \"one\"; pass 24h; ask a waits; 304; pass 24h; ask a waits; tag \"one\"" },
	{ "the tag changes", "ask a waits; 200 good ETag: \"one\"; pass 24h; ask a waits; tag \"one\"; 200 rolled ETag: \"two\"; told 1 ok; pass 24h; ask a waits; tag \"two\"" },
	{ "the tag is gone", "ask a waits; 200 good ETag: \"one\"; pass 24h; ask a waits; 200 good; pass 24h; ask a waits; tag none" },
	{ "304 without a copy is nonsense", "ask a waits; tag none; 304; told 1 FETCH_SYNTAX nowhere" },
	{ "no tag after a failure took the copy", "ask a waits; 200 good ETag: \"one\"; pass 2d; ask a waits; end FETCH_DNS; told 1 FETCH_DNS; pass 30s; ask a waits; tag none; have none" },
	{ "304 past the leaf's end", "ask a waits; 200 short ETag: \"one\"; pass 3601s; ask a waits; 304; told 1 CERT_EXPIRED" },

	/* another key under the same address */
	{ "a bad signature after five minutes: one more fetch", "ask a waits; 200 good ETag: \"one\"; pass 301s; suspect a; fetches 1; tag none; ask a ok memory; 200 rolled; ask a ok memory; started 2" },
	{ "not within five minutes", "ask a waits; 200 good; pass 300s; suspect a; fetches 0" },
	{ "one at a time", "ask a waits; 200 good; pass 301s; suspect a; suspect a; suspect a; fetches 1" },
	{ "not twice in five minutes", "ask a waits; 200 good; pass 301s; suspect a; end FETCH_DNS; pass 299s; suspect a; fetches 0; pass 1s; suspect a; fetches 1" },
	{ "not what nobody asked for", "suspect a; fetches 0; entries 0" },
	{ "the store is told how old ours is", "ask a waits; 200 good; pass 1h; suspect a; have 1h" },
	{ "the new key is kept for others", "ask a waits; 200 good; kept 1; pass 301s; suspect a; 200 rolled; kept 2 24h" },

	/* a repository that lies */
	{ "200 with HTML", "ask a waits; 200 html; told 1 FETCH_SYNTAX nowhere; ask a FETCH_SYNTAX; kept 0" },
	{ "200 and empty", "ask a waits; 200 empty; told 1 FETCH_SYNTAX nowhere; kept 0" },
	{ "half a file", "ask a waits; 200 cut; told 1 FETCH_SYNTAX; kept 0" },
	{ "the wrong chain", "ask a waits; 200 mixed; told 1 CERT_UNTRUSTED; kept 0" },
	{ "another root's chain", "ask a waits; 200 other; told 1 CERT_UNTRUSTED; kept 0; ask a CERT_UNTRUSTED nowhere" },
	{ "another root's chain for a day: asked again after 30 s", "ask a waits; 200 other Cache-Control: max-age=99999999; pass 30s; ask a waits; 200 good; told 1 ok" },
	{ "a good chain that turns bad", "ask a waits; 200 good; pass 24h; ask a waits; 200 other; told 1 CERT_UNTRUSTED" },

	/* trust */
	{ "the trust changes while calls wait", "many 3 a; trust other; 200 good; told 3 CERT_UNTRUSTED" },
	{ "and for the better", "trust other; many 3 a; trust good; 200 good; told 3 ok" },
	{ "what is in memory is judged again", "ask a waits; 200 good; trust other; ask a CERT_UNTRUSTED memory; trust good; ask a ok memory; started 1" },
	{ "a list revokes what is in memory", "ask a waits; 200 revoked; told 1 ok; trust crl; ask a CERT_REVOKED memory; fetches 0" },
	{ "and nothing else", "ask a waits; 200 good; trust crl; ask a ok memory" },
	{ "what was revoked is sought anew, once in five minutes", "ask a waits; 200 revoked; pass 6m; trust crl; ask a CERT_REVOKED memory; fetches 1; ask a CERT_REVOKED memory; fetches 1; 200 good; ask a ok memory" },
	{ "a list revokes what is fetched", "trust crl; ask a waits; 200 revoked; told 1 CERT_REVOKED; kept 0; ask a CERT_REVOKED nowhere" },
	{ "refused before, asked again under another trust", "trust other; ask a waits; 200 good; told 1 CERT_UNTRUSTED; trust good; ask a waits; 200 good; told 1 ok" },
	{ "another trust does not forget failures", "ask a waits; end FETCH_DNS; trust crl; ask a FETCH_DNS; started 1" },

	/* room */
	{ "the oldest leaves", "set entries 2; ask a waits; 200 good; ask b waits; 200 good; ask c waits; 200 good; entries 2; count evicted 1; ask b ok memory; ask a waits" },
	{ "not the one just used", "set entries 2; ask a waits; 200 good; ask b waits; 200 good; ask a ok memory; ask c waits; 200 good; ask a ok memory; ask b waits" },
	{ "the untrusted leave first", "set entries 2; ask a waits; 200 good; ask b waits; 200 other; ask c waits; 200 good; ask a ok memory; ask c ok memory; ask b waits" },
	{ "failures leave first", "set entries 2; ask a waits; 200 good; ask b waits; end FETCH_DNS; ask c waits; 200 good; ask a ok memory" },
	{ "what another trust refused leaves first", "set entries 2; ask b waits; 200 other; ask a waits; 200 good; trust other; ask b waits; 200 other; ask a CERT_UNTRUSTED memory; ask c waits; 200 other; ask b ok memory; entries 2" },
	{ "who is waited for stays", "set entries 2; ask a waits; ask b waits; ask c BUSY; 200 good; ask c waits; entries 2" },
	{ "fewer places by reload", "ask a waits; 200 good; ask b waits; 200 good; ask c waits; 200 good; set entries 1; entries 1; ask c ok memory" },

	/* whom one may ask */
	{ "a list of hosts", "hosts cert.example; ask a waits; ask b.example/a FETCH_REFUSED nowhere; fetches 1; count refused 1" },
	{ "below a name", "hosts *.example; ask a waits; ask x.y.example/a waits; ask example/a FETCH_REFUSED; ask cert.example.org/a FETCH_REFUSED" },
	{ "in any case", "hosts CERT.Example; ask a waits" },
	{ "a star alone is nobody", "hosts *; ask a FETCH_REFUSED; fetches 0" },
	{ "a list by reload: not even from memory", "ask a waits; 200 good; hosts b.example; ask a FETCH_REFUSED nowhere; suspect a; pass 1h; suspect a; fetches 0" },
	{ "and back", "ask a waits; 200 good; hosts b.example; ask a FETCH_REFUSED; hosts; ask a ok memory; started 1" },
	{ "no fetching at all", "set fetch 0; ask a FETCH_REFUSED; fetches 0" },

	/* the store */
	{ "a fresh copy of the store", "ask a waits; have none; stored good 1h 20h; told 1 ok store; count hits_store 1; count fetched 0; kept 0; ask a ok memory" },
	{ "is fresh as long as it says", "ask a waits; stored good 1h 20h; pass 19h; ask a ok memory; fetches 1; have 20h; leave; end FETCH_DNS; pass 1h; ask a ok memory" },
	{ "is renewed ahead of its end", "ask a waits; stored good 23h 1h; pass 53m; ask a ok memory; fetches 0; pass 1m; ask a ok memory; fetches 1; tag \"stored\"" },
	{ "a few seconds left", "ask a waits; stored good 23h 5s; told 1 ok store; pass 5s; ask a waits" },
	{ "never past notAfter", "ask a waits; stored short 1h 24h; pass 54m; ask a ok memory; fetches 1" },
	{ "a stale copy, since the network failed", "ask a waits; stored good 30h -6h; told 1 ok store; ask a ok memory; started 1; pass 30s; ask a ok memory; fetches 1" },
	{ "stays stale for the rest of 24 h", "ask a waits; stored good 30h -6h; told 1 ok store; pass 18h; ask a waits; end FETCH_DNS; told 1 FETCH_DNS nowhere" },
	{ "asked for twice as late each time", "ask a waits; stored good 30h -6h; pass 30s; ask a ok memory; stored good 30h -6h; pass 53s; ask a ok memory; fetches 0; pass 7s; ask a ok memory; fetches 1" },
	{ "the network's is kept for others", "ask a waits; 200 good Cache-Control: max-age=172800; kept 1 48h" },
	{ "304 with the store's body", "ask a waits; 200 good ETag: \"one\"; pass 24h; ask a waits; have 24h; 304 good; told 1 ok; kept 2 24h" },
	{ "304 without one is kept no longer", "ask a waits; 200 good ETag: \"one\"; pass 24h; ask a waits; 304; kept 1; suspect a; pass 10m; suspect a; have 10m" },
	{ "an untrusted copy", "ask a waits; stored other 1h 20h; told 1 CERT_UNTRUSTED; kept 0; ask a CERT_UNTRUSTED; pass 30s; ask a waits; have none" },
	{ "a copy that another worker renewed", "ask a waits; 200 good; pass 22h; ask a ok memory; have 22h; stored rolled 1h 23h; ask a ok memory; pass 20h; ask a ok memory; fetches 0" },
	{ "an old copy is under suspicion at once", "ask a waits; stored good 1h 20h; suspect a; fetches 1; have 1h" },
	{ "a copy from the future", "ask a waits; stored good -1h 20h; told 1 ok store; ask a ok memory; suspect a; fetches 0" },
};
/* clang-format on */

int main(void)
{
	char where[512];

	replay_init();
	chains_init();
	for (size_t i = 0; i < SK_COUNT(rows); i++)
		CHECK(script_tell(rows[i].story, where, sizeof(where)), "%s: at%s%s", rows[i].name,
		      where[0] == ' ' ? "" : " ", where);
	printf("%zu behaviours: ", SK_COUNT(rows));
	return check_result();
}
