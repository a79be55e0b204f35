// Where we answer otherwise than the reference on purpose: scene, questions, reason. A row that no
// difference needs any more fails the test.

export interface Difference {
  /** Scenes it is about. */
  readonly scene: RegExp;
  readonly text: RegExp;
  readonly reason: string;
}

export const differences: readonly Difference[] = [
  // ---- what the reference takes without a word and cannot mean ----
  {
    scene: /^(texts|integers)$/,
    text: /,bytes(\(\))?$|,add\(\)$/,
    reason: 'an operand that was forgotten is a mistake, not 0',
  },
  {
    scene: /^json$/,
    text: /json_query\((i|\$\.\.i)\)/,
    reason: 'a path that can never select anything is refused at start',
  },
  {
    scene: /^protobuf$/,
    text: /\((1\.\.2|\.1)\)/,
    reason: 'a path with a hole is refused at start; there it never finds anything',
  },
  {
    scene: /^forwarded$/,
    text: /rfc7239_field\(port\)/,
    reason: 'RFC 7239 has no such field: refused at start; there it never finds anything',
  },
  {
    scene: /^payload-/,
    text: /payload_lv\(0,9\)/,
    reason: 'a length of more than 8 bytes fits no integer: refused at start',
  },
  {
    scene: /^patterns$/,
    text: /hdr_val\(x-num\) ne 17|hdr_ip\(x-ip\) 10 /,
    reason: 'there is no operator ne and no address 10: refused at start',
  },
  // ---- what the manual says and the reference does not do ----
  {
    scene: /^payload-/,
    text: /payload_lv\(0,2,4\)|payload_lv\(1,1,20\)/,
    reason: 'an absolute second offset is that offset; there it is halved',
  },
  {
    scene: /^tokens$/,
    text: /jwt_(header|payload)_query$/,
    reason: 'without a path the whole part is the value, as the manual says',
  },
  {
    scene: /^tokens$/,
    text: /jwt_verify\(none,/,
    reason: 'the algorithm none is one of those the manual lists',
  },
  {
    scene: /^packets$/,
    text: /tcp\.options\.tsval$/,
    reason: 'without the option there is no value, as the manual says',
  },
  {
    scene: /^texts$/,
    text: /le2dec\(:,8\)/,
    reason: 'chunks may have 8 bytes, as the manual says; there more than 4 overflow',
  },
  {
    scene: /^forwarded$/,
    text: /^req\.fhdr\(t4\)/,
    reason: 'a host may hold a dash: it is a token of RFC 7239 4',
  },
  {
    scene: /^json$/,
    text: /json_query\(\$\.e/,
    reason: 'JSON may escape a slash (RFC 8259 7)',
  },
  {
    scene: /^json$/,
    text: /\$\['/,
    reason: 'members may be named in brackets, as JSONPath has it; there only with a dot',
  },
  // ---- memory, overflow and years before 1970 ----
  {
    scene: /^dates$|^casts$/,
    text: /int\(-\d+\),.*(time|http_date)|http_date\(-60\)|,http_date$/,
    reason: 'moments before 1970 are dates too, and what is beyond any calendar has no date',
  },
  {
    scene: /^dates$/,
    text: /utime\("%6N"\)/,
    reason: 'the C library pads what it does not know',
  },
  {
    scene: /^texts$/,
    text: /,http_date$/,
    reason: 'there one date comes out whatever the text of a header is',
  },
  {
    scene: /^(integers|casts)$/,
    text: /rfc7239_n[np]$/,
    reason: 'there a node or port that is no text shows bytes of memory',
  },
  {
    scene: /^integers$/,
    text: /int\((-\d+|9007199254740993)\),x509_v_err_str/,
    reason: 'a code that is none is printed as it is; there it is cut to 32 bits or unsigned',
  },
  {
    scene: /^mqtt$/,
    text: /x1\),b64dec,mqtt_field_value\(connect,protocol_name\)/,
    reason: 'the name of version 3.1 is MQIsdp; there its last byte is lost',
  },
  {
    scene: /^protobuf$/,
    text: /protobuf\(8,float\)/,
    reason: 'a float of -1 is the integer -1',
  },
  {
    scene: /^request-/,
    text: /req\.hdr_val\(x-num/,
    reason: 'integers beyond 64 bits saturate everywhere; there they wrap in this fetch',
  },
  {
    scene: /^texts$/,
    text: /t10\),ub64dec/,
    reason: 'base64url has no padding: no value; there the padding becomes a byte',
  },
  // ---- otherwise ----
  {
    scene: /^texts$/,
    text: /bytes\(0,txn\.none\)/,
    reason: 'without a length there is no value, of empty bytes neither',
  },
  {
    scene: /^casts$/,
    text: /^(bool\(.*\)|always_true),(add|neg)/,
    reason: 'arithmetic makes an integer of a boolean; there it stays one of any number',
  },
  {
    scene: /^(request|response)-/,
    text: /^re[qs]\.f?hdr$/,
    reason: 'without a name any header: its last value; there nothing',
  },
  {
    scene: /^(request|response)-/,
    text: /^capture\.req\.(method|uri)$/,
    reason: 'the request line is kept whether it is logged or not',
  },
  {
    scene: /^patterns$/,
    text: /method -i get/,
    reason: 'case is ignored where -i says so',
  },
];

/** The row that allows another answer to this question. */
export function differenceOf(scene: string, text: string): Difference | undefined {
  return differences.find((one) => one.scene.test(scene) && one.text.test(text));
}
