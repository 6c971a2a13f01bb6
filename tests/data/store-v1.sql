-- A store of version 1 with two sessions, one turn ended and one cut off, as punie-acp wrote it.
PRAGMA application_id = 1347767881;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE events (
        seq INTEGER PRIMARY KEY,
        session INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
        turn INTEGER NOT NULL,
        body TEXT NOT NULL -- an ACP session update, as JSON
    );
INSERT INTO "events" VALUES(1,1,1,'{"sessionUpdate":"tool_call","toolCallId":"t1/p1","kind":"execute","title":"Writing a program","status":"pending"}');
INSERT INTO "events" VALUES(2,1,1,'{"sessionUpdate":"tool_call_update","toolCallId":"t1/p1","status":"completed"}');
INSERT INTO "events" VALUES(3,1,1,'{"sessionUpdate":"agent_message_chunk","messageId":"t1/m1","content":{"type":"text","text":"Its lexer skips them \u2013 na\u00efvely: it\u2019s in \u201clexer.py\u201d."}}');
INSERT INTO "events" VALUES(4,1,2,'{"sessionUpdate":"agent_thought_chunk","messageId":"t2/m1","content":{"type":"text","text":"First"}}');
CREATE TABLE messages (
        session INTEGER PRIMARY KEY REFERENCES sessions ON DELETE CASCADE,
        turn INTEGER NOT NULL, -- the last one that is in it
        body BLOB NOT NULL -- pydantic-ai's messages as JSON
    );
INSERT INTO "messages" VALUES(1,1,X'5B7B227061727473223A5B5D2C226B696E64223A2272657175657374227D5D');
CREATE TABLE permissions (
        id TEXT PRIMARY KEY,
        project TEXT NOT NULL,
        effect TEXT NOT NULL CHECK (effect IN ('allow', 'reject')),
        type TEXT NOT NULL,
        pattern TEXT NOT NULL,
        created TEXT NOT NULL
    );
INSERT INTO "permissions" VALUES('r1','/home/ada/engine','allow','shell/command','pytest','2026-11-20T09:01:00.000Z');
CREATE TABLE sessions (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        cwd TEXT NOT NULL,
        additional_directories TEXT NOT NULL, -- JSON
        title TEXT,
        mode TEXT NOT NULL,
        model TEXT NOT NULL,
        options TEXT NOT NULL, -- JSON
        parent TEXT, -- the id of a session, which may be gone
        created TEXT NOT NULL,
        updated TEXT NOT NULL
    );
INSERT INTO "sessions" VALUES(1,'5f2c7d9e','/home/ada/engine','[]','Why does the parser drop comments?','auto','auto','{"effort":"high"}',NULL,'2026-11-20T09:00:00.000Z','2026-11-23T06:48:11.468Z');
INSERT INTO "sessions" VALUES(2,'a01b33c4','/home/ada/notes','["/home/ada/shared"]',NULL,'ask','auto','{}',NULL,'2026-11-21T10:00:00.000Z','2026-11-21T10:00:00.000Z');
CREATE TABLE turns (
        session INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
        number INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('running', 'ended', 'interrupted')),
        owner TEXT NOT NULL, -- the process that runs it
        prompt TEXT NOT NULL, -- JSON
        stop_reason TEXT,
        usage TEXT, -- JSON
        began TEXT NOT NULL,
        ended TEXT,
        UNIQUE (session, number)
    );
INSERT INTO "turns" VALUES(1,1,'ended','1683-30ca9a3a7e4123b5','[{"type":"text","text":"Why does the parser drop comments?"}]','end_turn','{"outputTokens":41}','2026-11-23T06:48:11.467Z','2026-11-23T06:48:11.468Z');
INSERT INTO "turns" VALUES(1,2,'running','1683-30ca9a3a7e4123b5','[{"type":"text","text":"Keep them."}]',NULL,NULL,'2026-11-23T06:48:11.468Z',NULL);
CREATE INDEX sessions_by_time ON sessions (updated);
CREATE INDEX sessions_by_folder ON sessions (cwd, updated);
CREATE INDEX turns_running ON turns (owner) WHERE state = 'running';
CREATE INDEX events_by_turn ON events (session, turn);
CREATE INDEX permissions_by_project ON permissions (project);
COMMIT;
