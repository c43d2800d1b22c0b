copy (select {columns} from only {table} where {hash} = any({changed}::bigint [])) to stdout
