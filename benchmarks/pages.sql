-- The benchmark's records: so many use cases, batches and trainings. Run with triggers off, in the schema gatehouse.
CREATE TEMP TABLE cases AS SELECT c, 'case_' || lpad(c::text, 3, '0') AS name FROM generate_series(0, %(use_cases)s - 1) c;
CREATE TEMP TABLE days AS SELECT d, to_char(date '2020-01-01' + d, 'YYYY-MM-DD') AS key,
    timestamptz '2020-01-01' + d * interval '1 day' AS starts FROM generate_series(0, %(batches)s - 1) d;
CREATE TEMP TABLE runs AS SELECT t, 'request' AS word FROM generate_series(1, %(trainings)s) t;

INSERT INTO files VALUES ('accepted/x', repeat('1', 64), 500000, 29000), ('model/x', repeat('2', 64), 900000, NULL);
INSERT INTO audit_log SELECT row_number() OVER (ORDER BY d, c, n), (ARRAY['batch.landed','batch.accepted','batch.scored','batch.monitored'])[n],
    name || '/' || key || '.r1', name || '/' || key, starts + n * interval '1 minute', '{}', '', md5(name || key || n)
    FROM cases, days, generate_series(1, 4) n;
INSERT INTO batches SELECT name, key, 1, starts, starts + interval '1 day', md5(key), (d * %(use_cases)s + c) * 4 + 1 FROM cases, days;
INSERT INTO batch_tables SELECT name, key, 1, 'rows', 'accepted/x' FROM cases, days;
INSERT INTO batch_events SELECT name, key, 1, CASE WHEN (c * 31 + d * 7) %% 1000 = 0 THEN 'quarantined' ELSE 'accepted' END, 'validate',
    CASE WHEN (c * 31 + d * 7) %% 1000 = 0 THEN 'too few rows' ELSE '' END, md5(key), %(report)s, CASE WHEN (c * 31 + d * 7) %% 1000 = 0 THEN NULL ELSE %(profile)s END,
    (d * %(use_cases)s + c) * 4 + 2
    FROM cases, days;
INSERT INTO batch_table_results SELECT name, key, 1, 'rows', 'accepted/x', %(quarantined)s FROM cases, days;
INSERT INTO predictions SELECT name, key, 1, 1 + d * %(trainings)s / %(batches)s, repeat('2', 64), 1, 'accepted/x',
    (d * %(use_cases)s + c) * 4 + 3 FROM cases, days;
INSERT INTO monitoring_reports SELECT name, key, 1, starts + interval '1 day', replace(replace(%(body)s, '"KEY"', '"' || key || '"'), '0.42', '0.4' || (c + d) %% 10),
    '[]', '{}', (d * %(use_cases)s + c) * 4 + 4 FROM cases, days;

INSERT INTO audit_log SELECT (SELECT max(seq) FROM audit_log) + row_number() OVER (ORDER BY t, c, n),
    (ARRAY['request.opened','model.registered','decision.made','champion.changed'])[n],
    CASE n WHEN 1 THEN md5(name || t) WHEN 2 THEN name || '/v' || t WHEN 3 THEN md5('d' || name || t) ELSE name END,
    'bench', timestamptz '2021-01-01' + t * interval '1 day', '{}', '', md5(name || t || n || 'x')
    FROM cases, runs, generate_series(1, 4) n;
CREATE TEMP TABLE trained AS SELECT name, t, md5(name || t) AS request,
    %(use_cases)s * %(batches)s * 4 + ((t - 1) * %(use_cases)s + c) * 4 AS audit_seq,
    date '2020-01-01' + t * %(batches)s / %(trainings)s AS until FROM cases, runs;
INSERT INTO retrain_requests SELECT request, name, until, name || '/watch', '[{"kind":"decay","sentence":"it got worse","numbers":{}}]', 'decided', audit_seq + 1 FROM trained;
INSERT INTO request_events SELECT request, 'decided', 'close', '[]', 'version ' || t || ' is the champion', audit_seq + 1 FROM trained;
INSERT INTO training_sets SELECT request, repeat('3', 64), 'accepted/x', 'accepted/x', NULL, NULL, audit_seq + 1 FROM trained;
INSERT INTO training_set_batches SELECT request, CASE WHEN starts >= until - 1 THEN 'holdout' ELSE 'training' END, name, key, 1
    FROM trained JOIN days ON starts BETWEEN until - 60 AND until;
INSERT INTO candidates SELECT request, each, '{"log_loss":0.4}', 'model/x', md5(request || each), '', 1000000000 + row_number() OVER ()
    FROM trained, unnest(ARRAY['boosting', 'linear', 'tree']) each;
INSERT INTO model_versions SELECT name, t, 'boosting', 'model/x', repeat('2', 64), %(reference)s, request, repeat('3', 64), md5(request), until, audit_seq + 2 FROM trained;
INSERT INTO decisions SELECT md5('d' || name || t), name, t, CASE WHEN t = %(trainings)s AND right(name, 1) = '7' THEN 'REVIEW' ELSE 'PROMOTE' END,
    'PROMOTE: better by 0.02 on 30,000 rows', %(results)s, repeat('4', 64), %(evidence)s, repeat('5', 64), %(policy)s,
    nullif(t - 1, 0), t - 1, audit_seq + 3 FROM trained;
INSERT INTO champion_changes SELECT name, t, t, 'decision', md5('d' || name || t), 'gate', 'better by 0.02', NULL, audit_seq + 4 FROM trained
    WHERE NOT (t = %(trainings)s AND right(name, 1) = '7');
INSERT INTO current_champions SELECT use_case, max(generation), max(version) FROM champion_changes GROUP BY use_case;
INSERT INTO decision_reports SELECT id, %(decided)s, 2000000000 + row_number() OVER () FROM decisions WHERE version > %(trainings)s - 5;
