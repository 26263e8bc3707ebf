{
  days(n)::
    if n < 0 then error 'a retention of %d days' % n
    else '%dd' % n,
}
