// A client that knows docs/openapi.yaml and nothing else.  It asks every operation by the
// examples of the file and by its refusals (x-refused), and judges each request and answer by it.
//
//	client FILE ADDRESS KEY FORBIDDEN-KEY
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// One request that is refused.
type refusal struct {
	Status  int
	Method  string
	Path    string
	Body    *string
	Key     *string
	Length  int
	Headers map[string]string
}

type client struct {
	router         routers.Router
	address        string
	key, forbidden string
	signed         map[string]string // operationId: the latest Identity
	passed, failed int
	seen           map[string]bool // "operationId status"
}

func (c *client) check(good bool, format string, args ...interface{}) {
	if good {
		c.passed++
		return
	}
	c.failed++
	fmt.Fprintf(os.Stderr, "FAILED: "+format+"\n", args...)
}

func flag(schema *openapi3.Schema, name string) (text string, found bool) {
	raw, found := schema.Extensions[name].(json.RawMessage)
	if found && json.Unmarshal(raw, &text) != nil {
		text = string(raw)
	}
	return text, found
}

// fill puts the present time and what was signed where the schema says so.
func (c *client) fill(schema *openapi3.Schema, value interface{}) interface{} {
	if _, found := flag(schema, "x-now"); found {
		return float64(time.Now().Unix())
	}
	if of, found := flag(schema, "x-identity-of"); found && c.signed[of] != "" {
		return c.signed[of]
	}
	switch v := value.(type) {
	case map[string]interface{}:
		for name := range v {
			if ref := schema.Properties[name]; ref != nil {
				v[name] = c.fill(ref.Value, v[name])
			}
		}
	case []interface{}:
		for i := range v { // of one of several schemas nothing is known here
			if schema.Items == nil {
				break
			}
			v[i] = c.fill(schema.Items.Value, v[i])
		}
	}
	return value
}

func text(value interface{}) []byte {
	if s, plain := value.(string); plain {
		return []byte(s)
	}
	raw, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return raw
}

func (c *client) authenticate(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	if in.RequestValidationInput.Request.Header.Get("Authorization") == "" {
		return in.NewError(fmt.Errorf("no key"))
	}
	return nil
}

// headers: are those there that the file has for this answer?
func (c *client) headers(op *openapi3.Operation, answer *http.Response) {
	ref := op.Responses.Get(answer.StatusCode)
	if ref == nil { // a path that the operation does not have
		return
	}
	// what is no HTTP has none of the interface's own
	if strings.HasPrefix(answer.Header.Get("Content-Type"), "text/") && ref.Value.Content["application/json"] != nil {
		return
	}
	for name := range ref.Value.Headers {
		c.check(answer.Header.Get(name) != "", "%s: answer %d has %s", op.OperationID, answer.StatusCode, name)
	}
}

// ask sends one request.  `sound`: the file says that it is well-formed.
func (c *client) ask(op *openapi3.Operation, method, path string, header http.Header, body []byte, sound bool) (int, []byte) {
	id := op.OperationID
	request, err := http.NewRequest(method, "http://"+c.address+path, bytes.NewReader(body))
	if err != nil {
		panic(err)
	}
	request.Header = header
	route, params, err := c.router.FindRoute(request)
	in := &openapi3filter.RequestValidationInput{Request: request, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: c.authenticate, IncludeResponseStatus: true}}
	if sound {
		c.check(err == nil, "%s: route: %v", id, err)
		err = openapi3filter.ValidateRequest(context.Background(), in)
		c.check(err == nil, "%s: request: %v", id, err)
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		c.check(false, "%s: %v", id, err)
		return 0, nil
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	c.check(err == nil, "%s: %v", id, err)
	c.seen[id+" "+strconv.Itoa(answer.StatusCode)] = true
	c.headers(op, answer)
	if route != nil && !strings.HasPrefix(answer.Header.Get("Content-Type"), "application/pem") {
		err = openapi3filter.ValidateResponse(context.Background(), (&openapi3filter.ResponseValidationInput{
			RequestValidationInput: in, Status: answer.StatusCode, Header: answer.Header, Options: in.Options,
		}).SetBodyBytes(got))
		c.check(err == nil, "%s: answer %d: %v\n%s", id, answer.StatusCode, err, got)
	}
	return answer.StatusCode, got
}

// noLength sends a POST without Content-Length, which net/http never does.
func (c *client) noLength(id, path string, header http.Header) int {
	conn, err := net.Dial("tcp", c.address)
	if err != nil {
		c.check(false, "%s: %v", id, err)
		return 0
	}
	defer conn.Close()
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\n", path, c.address)
	for name := range header {
		head += name + ": " + header.Get(name) + "\r\n"
	}
	conn.Write([]byte(head + "\r\n"))
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	first := make([]byte, 12)
	io.ReadFull(conn, first)
	status, _ := strconv.Atoi(string(first[9:]))
	c.seen[id+" "+strconv.Itoa(status)] = true
	return status
}

// of is what the operation takes: media type, schema and examples.
func of(op *openapi3.Operation) (string, *openapi3.MediaType) {
	if op.RequestBody != nil {
		for name, media := range op.RequestBody.Value.Content {
			return name, media
		}
	}
	return "", nil
}

func (c *client) header(op *openapi3.Operation, media, key string) http.Header {
	header := http.Header{}
	if media != "" {
		header.Set("Content-Type", media)
	}
	if key != "" && (op.Security == nil || len(*op.Security) == 1) { // one more: also without
		header.Set("Authorization", "Bearer "+key)
	}
	for _, ref := range op.Parameters {
		if p := ref.Value; p.In == "header" && p.Example != nil {
			header.Set(p.Name, fmt.Sprint(p.Example))
		}
	}
	return header
}

func realPath(path string, op *openapi3.Operation) string {
	for _, ref := range op.Parameters {
		if p := ref.Value; p.In == "path" {
			path = strings.ReplaceAll(path, "{"+p.Name+"}", fmt.Sprint(p.Example))
		}
	}
	return path
}

// examples asks what must work.  The first body is returned for the refusals.
func (c *client) examples(path, method string, op *openapi3.Operation) []byte {
	name, media := of(op)
	if media == nil {
		status, _ := c.ask(op, method, realPath(path, op), c.header(op, "", c.key), nil, true)
		c.check(status == 200, "%s: %d", op.OperationID, status)
		return nil
	}
	names := []string{}
	for n := range media.Examples {
		names = append(names, n)
	}
	sort.Strings(names)
	var first []byte
	for _, n := range names {
		body := text(c.fill(media.Schema.Value, media.Examples[n].Value.Value))
		status, got := c.ask(op, method, path, c.header(op, name, c.key), body, true)
		c.check(status == 200, "%s %s: %d %s", op.OperationID, n, status, got)
		if first == nil {
			first = body
		}
		c.keep(op.OperationID, got)
	}
	return first
}

// keep remembers the first Identity that an operation has signed.
func (c *client) keep(id string, got []byte) {
	var answer map[string]map[string]string
	if c.signed[id] != "" || json.Unmarshal(got, &answer) != nil {
		return
	}
	for _, member := range []string{"identity", "identityHeader"} {
		if value := answer["signingResponse"][member]; strings.Contains(value, "ppt=shaken") {
			c.signed[id] = value
		}
	}
}

func (c *client) refused(path, method string, op *openapi3.Operation, good []byte) {
	var list []refusal
	raw, _ := op.Extensions["x-refused"].(json.RawMessage)
	err := json.Unmarshal(raw, &list)
	c.check(err == nil && len(list) > 0, "%s: has refusals: %v", op.OperationID, err)
	media, _ := of(op)
	for _, r := range list {
		header, body, m, p := c.header(op, media, c.key), good, method, realPath(path, op)
		if r.Body != nil {
			body = []byte(*r.Body)
		}
		if r.Length > 0 {
			body = bytes.Repeat([]byte(" "), r.Length)
		}
		if r.Key != nil && *r.Key == "" {
			header.Del("Authorization")
		} else if r.Key != nil && r.Status == 403 {
			header.Set("Authorization", "Bearer "+c.forbidden)
		} else if r.Key != nil {
			header.Set("Authorization", "Bearer "+*r.Key)
		}
		if r.Method != "" {
			m = r.Method
		}
		if r.Path != "" {
			p = r.Path
		}
		if m == "GET" || m == "DELETE" {
			body = nil
		}
		for n, v := range r.Headers {
			header.Set(n, v)
		}
		status := 0
		if header.Get("Content-Length") == "none" {
			header.Del("Content-Length")
			status = c.noLength(op.OperationID, p, header)
		} else {
			status, _ = c.ask(op, m, p, header, body, false)
		}
		c.check(status == r.Status, "%s %+v: %d", op.OperationID, r, status)
	}
}

func main() {
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	c := &client{address: os.Args[2], key: os.Args[3], forbidden: os.Args[4], signed: map[string]string{},
		seen: map[string]bool{}}
	err = doc.Validate(loader.Context)
	c.check(err == nil, "the file: %v", err)
	doc.Servers = openapi3.Servers{{URL: "http://" + c.address}}
	c.router, err = gorillamux.NewRouter(doc)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	openapi3filter.RegisterBodyDecoder("text/plain", openapi3filter.RegisteredBodyDecoder("text/plain"))
	paths := []string{}
	for path := range doc.Paths {
		paths = append(paths, path)
	}
	// who signs comes before who verifies
	sort.Slice(paths, func(i, j int) bool {
		a, b := strings.Contains(paths[i], "/signing"), strings.Contains(paths[j], "/signing")
		return a != b && a || a == b && paths[i] < paths[j]
	})
	for _, path := range paths {
		for method, op := range doc.Paths[path].Operations() {
			good := c.examples(path, method, op)
			c.refused(path, method, op, good)
		}
	}
	for _, path := range paths {
		for _, op := range doc.Paths[path].Operations() {
			for status := range op.Responses {
				if !c.seen[op.OperationID+" "+status] {
					fmt.Printf("not provoked: %s %s\n", op.OperationID, status)
				}
			}
		}
	}
	fmt.Printf("%d passed, %d failed\n", c.passed, c.failed)
	if c.failed > 0 {
		os.Exit(1)
	}
}
