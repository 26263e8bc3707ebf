{
  values+:: { namespace: 'other' },
}
