/**
 * @file blast.h  The load generator: what is asked of it, and the state of one run
 */
#pragma once

#include "redirector/base/addr.h"
#include "shaken/shaken.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PACKET_SIZE = 4096, /**< longest message that is sent or taken       */
	BATCH = 64,         /**< datagrams of one system call                */
	INDEX_DIGITS = 8,   /**< a call's number in its own texts, hex       */
	MARKS_MAX = 12,     /**< places of one message that carry the number */
	RUN_SIZE = 16,
};

enum kind {
	KIND_SIGN,
	KIND_VERIFY,
	KIND_OPTIONS
};

/** The command line. */
struct wish {
	struct addr to, from;
	size_t calls;
	size_t window; /**< calls without an answer at once; 0: as many as the rate makes */
	double rate;   /**< calls per second; 0: as fast as the window allows             */
	enum kind kind;
	const char *identity;    /**< file, one Identity value per line                   */
	const char *certificate; /**< file, the chain that signed answers verify with     */
	size_t check;            /**< verify every so many signatures; 0: none            */
	bool ack;
	double patience;    /**< seconds after which a call counts as lost                   */
	struct addr others; /**< where calls beside the measured ones come from           */
	double others_rate; /**< of them a second; 0: none                                */
};

/** A message with holes for the number of the call. */
struct packet {
	char text[PACKET_SIZE];
	size_t len;
	size_t marks[MARKS_MAX]; /**< where the number's INDEX_DIGITS stand */
	size_t mark_count;
};

/** What one call is made of. */
struct script {
	struct packet request;
	struct packet ack; /**< up to the To tag: the rest depends on the answer */
};

struct scripts {
	struct script *items; /**< owned; call n uses item n % count */
	size_t count;
	char run[RUN_SIZE]; /**< part of each Call-ID: two runs never share one */
};

enum call_state {
	CALL_NEW,
	CALL_SENT,
	CALL_ANSWERED,
	CALL_LOST
};

struct tally {
	size_t sent, answered, lost, wrong, stray, verified;
	double seconds;
};

struct checker;

/* messages: blast_message.c */

/** Build the messages of a run.  @return false: the reason went to stderr */
SK_MUSTCHECK
bool scripts_init(struct scripts *scripts, const struct wish *wish);
void scripts_deinit(struct scripts *scripts);

/** Copy a message and write the call's number into it.  @return The length */
size_t packet_fill(const struct packet *packet, size_t number, char out[PACKET_SIZE]);

/** The ACK of a call.  @return The length; 0 when the tag does not fit */
size_t ack_fill(const struct script *script, size_t number, struct sk_span to_tag,
		char out[PACKET_SIZE]);

/* answers: blast_answer.c */

/** What an answer says. */
struct answer_view {
	size_t number; /**< of the call, from the Call-ID */
	int status;
	struct sk_span to_tag, cseq, branch, identity, contact;
	unsigned identities; /**< how many Identity lines there are */
};

/** @return false for what is no answer to a call of this run */
SK_MUSTCHECK
bool answer_read(struct sk_span bytes, const char *run, struct answer_view *out);

/** @return NULL or what is wrong with the answer: a text that lives for ever */
SK_MUSTCHECK
const char *answer_judge(const struct answer_view *answer, enum kind kind);

/** Verifies signatures of answers.  @return false: the reason went to stderr */
SK_MUSTCHECK
bool checker_new(const char *certificate, struct checker **out);
void checker_free(struct checker *checker);
SK_DEFINE_CLEANUP(struct checker, checker_free)

/** @return NULL or what is wrong with the Identity value, by libshaken's words */
SK_MUSTCHECK
const char *checker_verify(const struct checker *checker, struct sk_span identity);

/* somebody else's calls: blast_others.c */

struct others_tally {
	size_t sent, answered;
	size_t signed_ones, plain, refused; /**< 302 with Identity, 302 without, 503 */
};

struct others;

/** @return false: a socket failed, errno says why */
SK_MUSTCHECK
bool others_new(const struct wish *wish, struct others **out);
void others_free(struct others *others);
SK_DEFINE_CLEANUP(struct others, others_free)

/** Sends what is due and takes what has come.  @param now  0: sends nothing any more */
SK_MUSTCHECK
bool others_step(struct others *others, uint64_t now);
const struct others_tally *others_tally(const struct others *others);

/* the run: blast_run.c */

/** A socket of wish->from to wish->to.  @return -1: errno says why */
int blast_socket(const struct wish *wish);

struct run;

SK_MUSTCHECK
bool run_new(const struct wish *wish, struct run **out);
void run_free(struct run *run);
SK_DEFINE_CLEANUP(struct run, run_free)

/** Send all calls and wait for their answers.  @return false: a socket failed, errno says why */
SK_MUSTCHECK
bool run_all(struct run *run);

const struct tally *run_tally(const struct run *run);

/** NULL: there are no others. */
const struct others_tally *run_others(const struct run *run);

/** Order the response times; once, before run_percentile(). */
SK_MUSTCHECK
bool run_sort(struct run *run);

/** The response time that `share` of all answered calls kept, microseconds. */
double run_percentile(const struct run *run, double share);
