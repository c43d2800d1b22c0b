insert into migration.run (command, host, process_id, options)
values (%(command)s, %(host)s, %(process_id)s, %(options)s)
returning run_id
