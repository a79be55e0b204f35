// The ACLs every proxy has without declaring them (manual 7.4): words as one would write them. Read
// by scope.ts when a name is not declared.

export const predefinedAcls: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    TRUE: ['always_true'],
    FALSE: ['always_false'],
    LOCALHOST: ['src', '127.0.0.1/8', '::1'],
    HTTP: ['req.proto_http'],
    'HTTP_1.0': ['req.ver', '-m', 'str', '1.0'],
    'HTTP_1.1': ['req.ver', '-m', 'str', '1.1'],
    'HTTP_2.0': ['req.ver', '-m', 'str', '2.0'],
    'HTTP_3.0': ['req.ver', '-m', 'str', '3.0'],
    METH_CONNECT: ['method', 'CONNECT'],
    METH_DELETE: ['method', 'DELETE'],
    METH_GET: ['method', 'GET', 'HEAD'],
    METH_HEAD: ['method', 'HEAD'],
    METH_OPTIONS: ['method', 'OPTIONS'],
    METH_POST: ['method', 'POST'],
    METH_PUT: ['method', 'PUT'],
    METH_TRACE: ['method', 'TRACE'],
    HTTP_URL_ABS: ['url_reg', '^[^/:]*://'],
    HTTP_URL_SLASH: ['url_beg', '/'],
    HTTP_URL_STAR: ['url', '*'],
    HTTP_CONTENT: ['req.hdr_val(content-length)', 'gt', '0'],
    RDP_COOKIE: ['req.rdp_cookie_cnt', 'gt', '0'],
    REQ_CONTENT: ['req.len', 'gt', '0'],
    WAIT_END: ['wait_end'],
  }),
);
